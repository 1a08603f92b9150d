/** Entry of the thread that prepares a component: its hostile bytes are read here, away from every other thread. */
import { MessageChannel, parentPort, receiveMessageOnPort, type Transferable, workerData } from "node:worker_threads";
import { encodeArtifact } from "../artifact.ts";
import type { ArtifactRequest } from "./build-artifact.ts";
import type { PrepareMessage, PrepareRequest } from "./messages.ts";
import { describe, makeArtifact, type Recognized, recognize } from "./recognize.ts";
import { positionsOf } from "./positions-of.ts";
import { errorOf, type Refused, refusedFor } from "./refused.ts";

const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread");

function post(message: PrepareMessage, transfer: Transferable[] = []): void {
  port?.postMessage(message, transfer);
}

/** Waits for the main thread, which counts for the process. */
function askForTypes(keys: Uint8Array): void {
  const answered = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const { port1, port2 } = new MessageChannel();
  post({ type: "types", keys, answered, port: port2 }, [port2]);
  Atomics.wait(answered, 0, 0);
  const refused: Refused | undefined = receiveMessageOnPort(port1)?.message;
  port1.close();
  if (refused !== undefined) throw errorOf(refused);
}

function artifactOrRefusal(request: ArtifactRequest, recognized: Recognized): Uint8Array<ArrayBuffer> | Refused {
  try {
    return encodeArtifact(makeArtifact(request, recognized, askForTypes));
  } catch (thrown) {
    return refusedFor(thrown);
  }
}

try {
  const request = workerData as PrepareRequest;
  post({ type: "stage", stage: "validating" });
  const recognized = recognize(request.component);
  if (request.type !== "outline") post({ type: "stage", stage: "hardening" });
  if (request.type === "positions") {
    post({ type: "positions", modules: positionsOf(request, recognized, askForTypes) });
  } else if (request.type === "outline") {
    post({ type: "outlined", description: describe(recognized) });
  } else if (request.type === "describe") {
    const description = describe(recognized);
    const artifact = artifactOrRefusal(request, recognized);
    post({ type: "described", description, artifact }, artifact instanceof Uint8Array ? [artifact.buffer] : []);
  } else {
    const encoded = encodeArtifact(makeArtifact(request, recognized, askForTypes));
    post({ type: "artifact", encoded }, [encoded.buffer]);
  }
} catch (thrown) {
  post(refusedFor(thrown));
}
