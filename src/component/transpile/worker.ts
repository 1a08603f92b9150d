/** Entry of the transpile worker: hostile bytes of components and modules are read here, away from every other thread. */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { assetPath } from "../../shared/bundled.ts";
import { type Artifact, encodeArtifact } from "../artifact.ts";
import { jsonAbiArtifact } from "../core/json-abi-artifact.ts";
import { describeReadied } from "../describe-readied.ts";
import { type Readied, readyToTranspile } from "../ready-to-transpile.ts";
import { type ArtifactRequest, buildArtifact, type Transpiler } from "./build-artifact.ts";
import { HardeningThread } from "./hardening-thread.ts";
import type { TranspileMessage, TranspileRequest } from "./messages.ts";
import { type Refused, refusedFor } from "./refused.ts";

const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread");

function post(message: TranspileMessage, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

async function loadTranspiler(): Promise<Transpiler> {
  const bundled = (await import(pathToFileURL(assetPath("transpiler/transpiler.js")).href)) as Transpiler & {
    readonly ready: Promise<void>;
  };
  await bundled.ready;
  return bundled;
}

async function makeArtifact(request: ArtifactRequest, readied: Readied): Promise<Artifact> {
  if (readied.kind === "json-module") return jsonAbiArtifact(request, readied.outline);
  const { component, form } = readied;
  const hardening = HardeningThread.for(component);
  const transpiler = await loadTranspiler();
  post({ type: "stage", stage: "transpiling" });
  const artifact = await buildArtifact({ ...request, component }, transpiler, hardening);
  void hardening?.end();
  // A component says which rights it wants to a folder, also one that has an adapter in it; a module cannot.
  return { ...artifact, preview1: form !== "component" };
}

async function artifactOrRefusal(
  request: ArtifactRequest,
  readied: Readied,
): Promise<Uint8Array<ArrayBuffer> | Refused> {
  try {
    return encodeArtifact(await makeArtifact(request, readied));
  } catch (thrown) {
    return refusedFor(thrown);
  }
}

try {
  const request = workerData as TranspileRequest;
  post({ type: "stage", stage: "starting" });
  const readied = await readyToTranspile(request.component);
  if (request.type === "describe") {
    const description = describeReadied(readied);
    const artifact = await artifactOrRefusal(request, readied);
    post({ type: "described", description, artifact }, artifact instanceof Uint8Array ? [artifact.buffer] : []);
  } else {
    const encoded = encodeArtifact(await makeArtifact(request, readied));
    post({ type: "artifact", encoded }, [encoded.buffer]);
  }
} catch (thrown) {
  post(refusedFor(thrown));
}
