/** Entry of the thread that compiles the core modules of a large component. */
import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../../shared/errors.ts";
import type { CompileAnswer, CompileRequest } from "./messages.ts";

function answer(): CompileAnswer {
  try {
    const { modules } = workerData as CompileRequest;
    return {
      type: "compiled",
      modules: modules.map((bytes) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)),
    };
  } catch (thrown) {
    return { type: "invalid", reason: messageOf(thrown) };
  }
}

parentPort?.postMessage(answer());
