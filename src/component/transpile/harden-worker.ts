/** Entry of the thread that hardens the core modules of a component while another transpiles it. */
import { parentPort } from "node:worker_threads";
import { hardenCore } from "./harden-core.ts";
import type { HardenAnswer, HardenRequest } from "./messages.ts";
import { refusedFor } from "./refused.ts";

const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread");

function post(answer: HardenAnswer, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(answer, transfer);
}

port.once("message", ({ component, ranges, allow }: HardenRequest) => {
  for (const [index, { offset, size }] of ranges.entries()) {
    try {
      const hardened = hardenCore(component.subarray(offset, offset + size), allow);
      // A module that needs nothing is a part of the component still, all of which would be sent with it.
      const bytes = new Uint8Array(hardened.bytes);
      post({ type: "hardened", index, module: { ...hardened, bytes } }, [bytes.buffer]);
    } catch (thrown) {
      post({ ...refusedFor(thrown), index });
    }
  }
});
