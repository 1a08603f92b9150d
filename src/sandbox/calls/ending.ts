import { printWave } from "../../component/values/print-wave.ts";
import type { Ended } from "../../runtime/pending.ts";
import { WORKER_HEAP_MB } from "../../runtime/threads/guest-thread.ts";
import { CordonError, type TrapFrame } from "../../shared/errors.ts";
import { escapeInvisible } from "../../shared/text/quote-text.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { Usage } from "../../shared/limits/usage.ts";
import { holdsHandle } from "../../shared/wit/wit-handles.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { limitAdvice } from "./limit-advice.ts";
import type { CallableExport } from "../loading/exports.ts";

/** The reason for which a call is stopped that the policy ends; its error is the call's. */
export class EndedByPolicy {
  readonly error: CordonError;

  constructor(error: CordonError) {
    this.error = error;
  }
}

/** Longest part of what a guest said that goes into a message, in UTF-16 code units. */
const MAX_SHOWN = 300;

/** How many values an error value may hold to be shown in a message. */
const MAX_SHOWN_VALUES = 300;

/**
 * The value of a call that ended well.
 *
 * @throws CordonError for every other ending, with the usage.
 */
export function valueOf(
  { ending }: Ended,
  called: Pick<CallableExport, "name" | "function">,
  limits: Limits,
  usage: Usage,
): unknown {
  // Nothing is made for a message that nobody sees.
  if (ending.kind === "value") return ending.value;
  const attempt = `Calling ${shownText(called.name)}`;
  switch (ending.kind) {
    case "guest-error": {
      const shown = shownPayload(ending.payload, called.function.result);
      const { payload } = ending;
      throw new CordonError("guest-error", `${attempt}: the guest returned an error${shown}`, { payload, usage });
    }
    case "trap": {
      const frames = (ending.places ?? []).map((frame) => ({
        ...frame,
        function: frame.function === undefined ? undefined : escapeInvisible(frame.function),
      }));
      const [innermost] = frames;
      const where = innermost === undefined ? "" : `, in ${frameText(innermost)}`;
      const message = `${attempt}: the guest trapped: ${shownText(ending.message)}${where}`;
      throw new CordonError("trap", message, { usage, trap: { frames } });
    }
    case "exit":
      throw new CordonError("guest-error", `${attempt}: the guest exited with status ${ending.code}`, {
        payload: { exitCode: ending.code },
        usage,
      });
    case "limit":
      throw new CordonError("limit", `${attempt}: ${ending.message}; ${limitAdvice(ending.limit, ending.cap)}`, {
        usage,
        limit: { limit: ending.limit, cap: ending.cap },
      });
    case "memory":
      throw new CordonError(
        "limit",
        `${attempt}: its memories start at ${ending.neededBytes} bytes, over the cap of ${limits.memoryBytes}; ${limitAdvice("memory", limits.memoryBytes)}`,
        { usage, limit: { limit: "memory", cap: limits.memoryBytes, used: ending.neededBytes } },
      );
    case "deadline":
      throw new CordonError(
        "limit",
        `${attempt}: it did not end within ${limits.timeoutMs} ms; ${limitAdvice("deadline", limits.timeoutMs)}`,
        { usage, limit: { limit: "deadline", cap: limits.timeoutMs, used: Math.round(usage.wallMs) } },
      );
    case "host-memory":
      throw new CordonError(
        "limit",
        `${attempt}: it made the host copy more than ${limits.maxCrossingBytes} bytes at once; ${limitAdvice("host-memory", limits.maxCrossingBytes)}`,
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
      if (ending.kind === "cancelled" && ending.reason instanceof EndedByPolicy) {
        const { code, message, limit, retryAfterMs, cause } = ending.reason.error;
        throw new CordonError(code, `${attempt}: ${message}`, {
          usage,
          cause,
          ...(limit === undefined ? {} : { limit }),
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        });
      }
      throw new CordonError("cancelled", `${attempt} was cancelled`, {
        usage,
        cause: ending.kind === "cancelled" ? ending.reason : undefined,
      });
    case "lost":
      throw new CordonError("host", `${attempt}: it was lost, since ${ending.message}; call it again`, { usage });
    case "backing-off": {
      const { message, retryAfterMs } = ending;
      const advice = `call it again in ${Math.ceil(retryAfterMs / 1000)} s`;
      throw new CordonError("host", `${attempt}: it was not begun, since ${message}, again and again; ${advice}`, {
        usage,
        retryAfterMs,
      });
    }
    case "fault":
      throw new CordonError("host", `${attempt}: ${shownText(ending.message)}`, { usage });
  }
}

/**
 * The exit code of a program that ended.
 *
 * @param value Gives the value of a call that ended well, and throws for every other ending.
 */
export function exitCodeOf({ ending }: Ended, value: () => unknown): number {
  if (ending.kind === "exit") return ending.code;
  if (ending.kind === "guest-error") return 1;
  value();
  return 0;
}

/** A function by its name, or its index where it has none, and where in it. */
function frameText({ function: called, index, fileOffset }: TrapFrame): string {
  const name = called === undefined ? `function ${index}` : shownText(called);
  return fileOffset === undefined ? name : `${name} at 0x${fileOffset.toString(16)}`;
}

function shownPayload(payload: unknown, type: WitType | undefined): string {
  if (type?.kind !== "result" || type.err === undefined || holdsHandle(type.err)) return "";
  if (typeof payload === "string") return `: ${shownText(payload)}`;
  return isSmall(payload) ? `: ${shownText(printWave(payload, type.err))}` : "";
}

/** What a guest said, on one line, cut, and with nothing in it that could drive a terminal. */
function shownText(text: string): string {
  const line = escapeInvisible(text.slice(0, MAX_SHOWN).replaceAll(/\s+/g, " "));
  return text.length > MAX_SHOWN ? `${line}…` : line;
}

/** Whether a value is quickly written out: a guest may return hundreds of megabytes as an error. */
function isSmall(value: unknown): boolean {
  const left: unknown[] = [value];
  for (let seen = 0; left.length > 0; seen += 1) {
    if (seen > MAX_SHOWN_VALUES) return false;
    const next = left.pop();
    if (typeof next === "string" && next.length > MAX_SHOWN_VALUES) return false;
    if (typeof next !== "object" || next === null) continue;
    if (ArrayBuffer.isView(next) ? next.byteLength > MAX_SHOWN_VALUES : isLong(next)) return false;
    left.push(...(next instanceof Map ? [...next].flat() : Object.values(next)));
  }
  return true;
}

function isLong(value: object): boolean {
  if (Array.isArray(value)) return value.length > MAX_SHOWN_VALUES;
  return value instanceof Map && value.size > MAX_SHOWN_VALUES;
}
