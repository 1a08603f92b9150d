/** Entry of the transpile worker: hostile bytes of components and modules are read here, away from every other thread. */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { assetPath } from "../../shared/bundled.ts";
import { type Artifact, encodeArtifact } from "../artifact.ts";
import { componentize } from "../core/componentize.ts";
import { coreForm } from "../core/core-form.ts";
import { jsonAbiArtifact } from "../core/json-abi-artifact.ts";
import { outlineOf } from "../core/outline.ts";
import { sniff } from "../binary/sniff.ts";
import { describe } from "../describe.ts";
import { type ArtifactRequest, buildArtifact, type Transpiler } from "./build-artifact.ts";
import { HardeningThread } from "./hardening-thread.ts";
import type { TranspileMessage, TranspileRequest } from "./messages.ts";
import { refusedFor } from "./refused.ts";

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

async function makeArtifact(request: ArtifactRequest): Promise<Artifact> {
  post({ type: "stage", stage: "starting" });
  let { component } = request;
  const isModule = sniff(component) === "core-module";
  if (isModule) {
    const outline = outlineOf(component);
    const form = coreForm(outline);
    if (form.kind === "json-abi") return jsonAbiArtifact(request, outline);
    component = await componentize(component, outline, form.adapter);
  }
  const hardening = HardeningThread.for(component);
  const transpiler = await loadTranspiler();
  post({ type: "stage", stage: "transpiling" });
  const artifact = await buildArtifact({ ...request, component }, transpiler, hardening);
  await hardening?.end();
  // A component says which rights it wants to a folder, also one that has an adapter in it; a module cannot.
  return { ...artifact, preview1: isModule };
}

try {
  const request = workerData as TranspileRequest;
  if (request.type === "describe") {
    post({ type: "description", description: await describe(request.bytes) });
  } else {
    const encoded = encodeArtifact(await makeArtifact(request));
    post({ type: "artifact", encoded }, [encoded.buffer]);
  }
} catch (thrown) {
  post(refusedFor(thrown));
}
