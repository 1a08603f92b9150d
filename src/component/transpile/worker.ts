/** Entry of the transpile worker: hostile component bytes are read here, away from every other thread. */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { assetPath } from "../../shared/bundled.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { encodeArtifact } from "../artifact.ts";
import { buildArtifact, type Transpiler } from "./build-artifact.ts";
import type { TranspileMessage, TranspileRequest } from "./messages.ts";

const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread");

function post(message: TranspileMessage, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer);
}

try {
  post({ type: "stage", stage: "starting" });
  const bundled = (await import(pathToFileURL(assetPath("transpiler/transpiler.js")).href)) as Transpiler & {
    readonly ready: Promise<void>;
  };
  await bundled.ready;
  post({ type: "stage", stage: "transpiling" });
  const encoded = Uint8Array.from(encodeArtifact(buildArtifact(workerData as TranspileRequest, bundled)));
  post({ type: "artifact", encoded }, [encoded.buffer]);
} catch (thrown) {
  const known = thrown instanceof CordonError ? thrown : undefined;
  post({
    type: "refused",
    code: known?.code ?? "invalid-component",
    message: known?.message ?? `Cannot load the component: ${messageOf(thrown)}`,
    limit: known?.limit,
  });
}
