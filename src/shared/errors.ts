import type { Remedy } from "./text/remedy.ts";
import type { Usage } from "./limits/usage.ts";

/**
 * The closed set of error codes. Callers branch on these; messages may change between releases.
 *
 * - `usage`: the caller asked for something that makes no sense (wrong export, wrong argument types, bad option).
 * - `invalid-component`: the bytes are not a component that Cordon can load.
 * - `unsupported`: a valid component that needs something Cordon does not provide.
 * - `signature`: a signature or digest did not verify.
 * - `policy`: a policy, manifest or grant is wrong, or a manifest asks for what was not accepted.
 * - `denied`: a capability was denied and the operation could not go on.
 * - `limit`: a resource limit ended the invocation; see {@link CordonError.limit}.
 * - `trap`: the guest trapped.
 * - `guest-error`: the guest returned an error value, see {@link CordonError.payload}, or a value that its manifest does not allow.
 * - `host`: a fault on the host's side: an unreadable file, a full disk, a lost worker.
 * - `cancelled`: the caller cancelled the invocation or closed the sandbox.
 */
export const ERROR_CODES = [
  "usage",
  "invalid-component",
  "unsupported",
  "signature",
  "policy",
  "denied",
  "limit",
  "trap",
  "guest-error",
  "host",
  "cancelled",
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Which limit ended an invocation, with its cap and what was used, both in the limit's own unit. */
export interface LimitDetail {
  /** `deadline`, `cpu-time` and `idle-time` are in milliseconds, `fuel` in units, `memory`, `host-memory`, `component-size` and `stdout-bytes` in bytes, the others are counts. */
  readonly limit:
    | "deadline"
    | "fuel"
    | "cpu-time"
    | "idle-time"
    | "memory"
    | "tables"
    | "table-entries"
    | "host-memory"
    | "component-size"
    | "complexity"
    | "handles"
    | "stacks"
    | "stdout-bytes"
    | "calls-rate"
    | "denials-rate";
  /** The cap that was in force. */
  readonly cap: number;
  /** What was used when the limit struck, where it is known. */
  readonly used?: number;
}

/** A function of the guest's that was on the stack when it trapped. */
export interface TrapFrame {
  /** Its name, as the component gives it: at most 200 characters, those that have no glyph written as escapes. */
  readonly function: string | undefined;
  /** Its index among the functions of its core module, imported ones first. */
  readonly index: number;
  /** Its core module: the index among those of the component, in the order in which they lie in its file. */
  readonly module: number;
  /**
   * The instruction that it was at, as bytes from the beginning of its core module, as that is in the component's file; `undefined` where
   * the component cannot be read again: its file or bytes have changed or are gone.
   */
  readonly offset: number | undefined;
  /** The same from the beginning of the component's file, in bytes. */
  readonly fileOffset: number | undefined;
}

/** Where a guest trapped. */
export interface TrapDetail {
  /** The innermost function first; at most 24, and none where that is not known. */
  readonly frames: readonly TrapFrame[];
}

/** What a {@link CordonError} carries besides its code and message. */
export interface CordonErrorOptions {
  /** What it came of. */
  readonly cause?: unknown;
  /** See {@link CordonError.limit}. */
  readonly limit?: LimitDetail;
  /** See {@link CordonError.trap}. */
  readonly trap?: TrapDetail;
  /** See {@link CordonError.payload}. */
  readonly payload?: unknown;
  /** See {@link CordonError.usage}. */
  readonly usage?: Usage;
  /** See {@link CordonError.retryAfterMs}. */
  readonly retryAfterMs?: number;
  /** See {@link CordonError.remedies}. */
  readonly remedies?: readonly Remedy[];
}

/** Every error Cordon throws. The message is one line: what was attempted, why it failed, what would allow it. */
export class CordonError extends Error {
  /** The kind of failure, from a closed set. */
  readonly code: ErrorCode;
  /** Set when {@link code} is `limit`. */
  readonly limit: LimitDetail | undefined;
  /** Where the guest trapped, when {@link code} is `trap`. */
  readonly trap: TrapDetail | undefined;
  /** The error value the guest returned, when {@link code} is `guest-error`. */
  readonly payload: unknown;
  /** What the call had used, when a call failed. */
  readonly usage: Usage | undefined;
  /** In how many milliseconds the same call may be made again that was not begun now; set where that is known. */
  readonly retryAfterMs: number | undefined;

  /** What of the options would have allowed it, one or the other; set where that is known. */
  readonly remedies: readonly Remedy[] | undefined;

  constructor(code: ErrorCode, message: string, options: CordonErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CordonError";
    this.code = code;
    this.limit = options.limit;
    this.trap = options.trap;
    this.payload = options.payload;
    this.usage = options.usage;
    this.retryAfterMs = options.retryAfterMs;
    this.remedies = options.remedies;
  }
}

/** The message of anything that was thrown, on one line. */
export function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ").trim();
}
