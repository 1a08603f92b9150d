import { setImmediate as nextTurn } from "node:timers/promises";
import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import { randomSource } from "../random/random-bytes.ts";
import { blocking, direct } from "./define.ts";
import { ERRNO, Preview1Error } from "./errno.ts";

/** How many random bytes are made before others of the thread have a turn. */
const RANDOM_PART_BYTES = 1024 * 1024;

export const PROCESS_FUNCTIONS: readonly CoreFunction[] = [
  {
    name: "proc_exit",
    type: "(i32) -> ()",
    blocking: false,
    // As POSIX has it, the low eight bits are the status.
    call: ({ context }: CoreGuest, status: number) => context.end({ kind: "exit", code: status & 0xff }),
  },
  direct({
    name: "proc_raise",
    parameters: ["i32"],
    call: () => {
      throw new Preview1Error(ERRNO.notSupported);
    },
  }),
  // Guests take turns at their checkpoints, which this call is one step closer to.
  direct({ name: "sched_yield", parameters: [], call: () => undefined }),
  blocking({ name: "random_get", parameters: ["i32", "i32"], call: fillRandomly }),
];

function fillRandomly(guest: CoreGuest, at: number, length: number): Promise<void> | undefined {
  guest.memory.assertPlace(at, length, 1);
  const fill = randomSource(guest.context, "random", "random.get-random-bytes");
  fill(guest.memory.bytes(at, Math.min(length, RANDOM_PART_BYTES)));
  return length > RANDOM_PART_BYTES ? fillRest(guest, fill, at + RANDOM_PART_BYTES, at + length) : undefined;
}

async function fillRest(
  { context, memory }: CoreGuest,
  fill: (bytes: Uint8Array<ArrayBuffer>) => void,
  from: number,
  to: number,
): Promise<void> {
  for (let at = from; at < to && !context.signal.aborted; at += RANDOM_PART_BYTES) {
    await nextTurn();
    fill(memory.bytes(at, Math.min(to - at, RANDOM_PART_BYTES)));
  }
}
