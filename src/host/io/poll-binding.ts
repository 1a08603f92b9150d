import type { HostContext, HostInterface, HostResult } from "../capability.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import type { Pollable } from "./pollable.ts";
import { waitForAny } from "./wait-for-any.ts";

/** `wasi:io/poll`. What answers at once does so without a promise, and takes no turn of the thread. */
export const ioPoll: HostInterface = wasiInterface("wasi:io/poll", {
  direct: { "[method]pollable.ready": (_context: HostContext, self: Pollable) => ok(self.ready()) },
  blocking: { "[method]pollable.block": block, poll },
});

function block({ signal }: HostContext, self: Pollable): HostResult<void> | Promise<HostResult<void>> {
  return self.ready() ? ok(undefined) : self.block(signal).then(ok);
}

/**
 * Traps on an empty list, as the specification says, and on one that is longer than the guest can hold handles: such a list
 * repeats itself to no end.
 */
function poll(
  { signal, limits }: HostContext,
  pollables: readonly Pollable[],
): HostResult<readonly number[]> | Promise<HostResult<readonly number[]>> {
  if (pollables.length === 0) throw new Error("Cannot poll an empty list: nothing would ever end the wait");
  if (pollables.length > limits.maxHandles) {
    throw new Error(
      `Cannot poll ${pollables.length} pollables: more than the ${limits.maxHandles} handles there can be`,
    );
  }
  const ready = readyIndices(pollables);
  if (ready.length > 0) return ok(ready);
  return waitForAny([...new Set(pollables)], signal).then(() => ok(readyIndices(pollables)));
}

function readyIndices(pollables: readonly Pollable[]): readonly number[] {
  const seen = new Map<Pollable, boolean>();
  const indices: number[] = [];
  for (const [index, pollable] of pollables.entries()) {
    const ready = seen.get(pollable) ?? pollable.ready();
    seen.set(pollable, ready);
    if (ready) indices.push(index);
  }
  return indices;
}
