import { CordonError, type ErrorCode } from "../../shared/errors.ts";

/** Exit codes of the command line. */
export const EXIT = {
  done: 0,
  /** The guest returned an error, or a scan found something at or above `--fail-on`. */
  failed: 1,
  /** Wrong usage; unreadable input; invalid component, policy or manifest. */
  usage: 2,
  /** A capability was denied and the guest could not go on, or `--fail-on-denied` was given and any was denied. */
  denied: 3,
  /** The guest trapped. */
  trapped: 4,
  /** A resource limit ended it. */
  limit: 5,
  /** Signature or digest verification failed. */
  signature: 6,
  /** Interrupted from the keyboard, as shells count it. */
  interrupted: 130,
  /** A fault in Cordon itself. */
  fault: 70,
  /** The output could not be written, as on a full disk; `EX_IOERR` of sysexits.h. */
  output: 74,
} as const;

const BY_CODE: Readonly<Record<ErrorCode, number>> = {
  usage: EXIT.usage,
  "invalid-component": EXIT.usage,
  unsupported: EXIT.usage,
  signature: EXIT.signature,
  policy: EXIT.usage,
  denied: EXIT.denied,
  limit: EXIT.limit,
  trap: EXIT.trapped,
  "guest-error": EXIT.failed,
  host: EXIT.fault,
  cancelled: EXIT.interrupted,
};

/** What else decides an exit code. */
export interface ExitCircumstances {
  /** Whether any denied access makes the command fail; default `false`. */
  readonly failOnDenied?: boolean | undefined;
  /** The exit code of the signal that interrupted the command, if one did. */
  readonly interrupted?: number | undefined;
}

/** What the system says where what was written does not fit, or a device fails. */
const NOT_WRITTEN: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EIO"]);

function isFull(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && NOT_WRITTEN.has(cause.code);
}

/** The exit code for what was thrown. A guest that failed after it was denied something could not go on without it. */
export function exitCodeOf(thrown: unknown, { failOnDenied, interrupted }: ExitCircumstances = {}): number {
  if (!(thrown instanceof CordonError)) return EXIT.fault;
  if (thrown.code === "host" && isFull(thrown.cause)) return EXIT.output;
  if (thrown.code === "cancelled" && interrupted !== undefined) return interrupted;
  const couldNotGoOn = thrown.code === "guest-error" || thrown.code === "trap";
  const denials = thrown.usage?.denials ?? 0;
  if (denials > 0 && (couldNotGoOn || (failOnDenied === true && thrown.code === "limit"))) return EXIT.denied;
  return BY_CODE[thrown.code];
}
