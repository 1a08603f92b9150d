import { LimitReached } from "../engine/limit-reached.ts";
import { HostFault } from "../abi/trap.ts";
import type { WorkerOutcome } from "../messages.ts";
import { trapFrames } from "./trap-frames.ts";
import { MemoryCapTooSmall } from "./memory/memory-allotment.ts";

/** How an invocation ends that threw this. Errors of the guest's carry its payload. */
export function outcomeOfThrown(thrown: unknown): WorkerOutcome {
  if (thrown instanceof MemoryCapTooSmall) return { kind: "memory", neededBytes: thrown.neededBytes };
  if (thrown instanceof LimitReached) return thrown.ending;
  if (thrown instanceof WebAssembly.Exception)
    return { kind: "trap", message: "it threw an exception that it did not catch" };
  if (thrown instanceof HostFault) return { kind: "fault", message: thrown.message };
  if (typeof thrown !== "object" || thrown === null) return { kind: "trap", message: String(thrown) };
  if (Object.hasOwn(thrown, "payload")) {
    return { kind: "guest-error", payload: (thrown as { readonly payload: unknown }).payload };
  }
  const { name, message } = thrown as { readonly name?: unknown; readonly message?: unknown };
  const text = typeof message === "string" && message !== "" ? message : String(name);
  return { kind: "trap", message: text, frames: trapFrames(thrown) };
}
