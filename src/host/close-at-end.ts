import type { HostContext } from "./capability.ts";
import { type PerInvocation, perInvocation } from "./per-invocation.ts";

/** What is open for an invocation. */
class OpenThings {
  readonly #open = new Set<() => void>();

  constructor({ signal }: HostContext) {
    signal.addEventListener("abort", () => this.#closeAll(), { once: true });
  }

  add(close: () => void): () => void {
    this.#open.add(close);
    return () => void this.#open.delete(close);
  }

  #closeAll(): void {
    const open = [...this.#open];
    this.#open.clear();
    for (const close of open) {
      try {
        close();
      } catch {
        // It is closed all the same, as a file is whose last bytes the disk did not take; and nobody is left to get the error.
      }
    }
  }
}

const openThings: PerInvocation<OpenThings> = perInvocation((context) => new OpenThings(context));

/**
 * Has `close` called when the invocation ends; at once if it has. What is returned takes that back, for what was closed before.
 * Whatever of the host's is held for a guest beyond one call comes by here: nobody may be left who would close it.
 */
export function closeAtEnd(context: HostContext, close: () => void): () => void {
  if (!context.signal.aborted) return openThings(context).add(close);
  close();
  return nothing;
}

/** There is nothing to take back. */
function nothing(): void {}
