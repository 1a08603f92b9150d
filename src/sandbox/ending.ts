import { printWave } from "../component/values/print-wave.ts";
import type { Ended } from "../runtime/pending.ts";
import { WORKER_HEAP_MB } from "../runtime/worker-slot.ts";
import { CordonError } from "../shared/errors.ts";
import type { Limits } from "../shared/limits.ts";
import type { Usage } from "../shared/usage.ts";
import type { WitType } from "../shared/wit.ts";
import type { CallableExport } from "./exports.ts";

/** Longest part of a guest's error value that goes into a message, in characters. */
const MAX_SHOWN = 300;

/**
 * The value of a call that ended well.
 *
 * @throws CordonError for every other ending, with the usage.
 */
export function valueOf({ ending }: Ended, called: CallableExport, limits: Limits, usage: Usage): unknown {
  const attempt = `Calling ${called.name}`;
  switch (ending.kind) {
    case "value":
      return ending.value;
    case "guest-error": {
      const shown = shownPayload(ending.payload, called.function.result);
      const { payload } = ending;
      throw new CordonError("guest-error", `${attempt}: the guest returned an error${shown}`, { payload, usage });
    }
    case "trap":
      throw new CordonError("trap", `${attempt}: the guest trapped: ${ending.message}`, { usage });
    case "memory":
      throw new CordonError(
        "limit",
        `${attempt}: its memories start at ${ending.neededBytes} bytes, over the cap of ${limits.memoryBytes}; raise the memory limit`,
        { usage, limit: { limit: "memory", cap: limits.memoryBytes, used: ending.neededBytes } },
      );
    case "deadline":
      throw new CordonError(
        "limit",
        `${attempt}: it did not end within ${limits.timeoutMs} ms; raise the time limit if it needs longer`,
        { usage, limit: { limit: "deadline", cap: limits.timeoutMs, used: Math.round(usage.wallMs) } },
      );
    case "host-memory":
      throw new CordonError(
        "limit",
        `${attempt}: it made the host copy more than ${limits.maxCrossingBytes} bytes at once; raise maxCrossingBytes if it needs to`,
        { usage, limit: { limit: "host-memory", cap: limits.maxCrossingBytes } },
      );
    case "worker-memory":
      throw new CordonError(
        "limit",
        `${attempt}: it made the host hold more than the ${WORKER_HEAP_MB} MiB of a worker, which was ended`,
        { usage, limit: { limit: "host-memory", cap: WORKER_HEAP_MB * 1024 * 1024 } },
      );
    case "cancelled":
    case "revoked":
      throw new CordonError("cancelled", `${attempt} was cancelled`, {
        usage,
        cause: ending.kind === "cancelled" ? ending.reason : undefined,
      });
    case "lost":
      throw new CordonError("host", `${attempt}: it was lost, since ${ending.message}; call it again`, { usage });
    case "fault":
      throw new CordonError("host", `${attempt}: ${ending.message}`, { usage });
  }
}

function shownPayload(payload: unknown, type: WitType | undefined): string {
  if (type?.kind !== "result" || type.err === undefined) return "";
  const text = typeof payload === "string" ? payload : printWave(payload, type.err);
  const line = text.replaceAll(/\s+/g, " ");
  return `: ${line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line}`;
}
