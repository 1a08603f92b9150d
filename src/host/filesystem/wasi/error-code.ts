import type { Remedy } from "../../../shared/text/remedy.ts";
import { errnoOf } from "../failure.ts";

/** `wasi:filesystem/types.error-code`. */
export type ErrorCode =
  | "access"
  | "would-block"
  | "already"
  | "bad-descriptor"
  | "busy"
  | "deadlock"
  | "quota"
  | "exist"
  | "file-too-large"
  | "illegal-byte-sequence"
  | "in-progress"
  | "interrupted"
  | "invalid"
  | "io"
  | "is-directory"
  | "loop"
  | "too-many-links"
  | "message-size"
  | "name-too-long"
  | "no-device"
  | "no-entry"
  | "no-lock"
  | "insufficient-memory"
  | "insufficient-space"
  | "not-directory"
  | "not-empty"
  | "not-recoverable"
  | "unsupported"
  | "no-tty"
  | "no-such-device"
  | "overflow"
  | "not-permitted"
  | "pipe"
  | "read-only"
  | "invalid-seek"
  | "text-file-busy"
  | "cross-device";

const BY_ERRNO: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ["EACCES", "access"],
  ["EAGAIN", "would-block"],
  ["EWOULDBLOCK", "would-block"],
  ["EALREADY", "already"],
  ["EBADF", "bad-descriptor"],
  ["EBUSY", "busy"],
  ["EDEADLK", "deadlock"],
  ["EDQUOT", "quota"],
  ["EEXIST", "exist"],
  ["EFBIG", "file-too-large"],
  ["EILSEQ", "illegal-byte-sequence"],
  ["EINPROGRESS", "in-progress"],
  ["EINTR", "interrupted"],
  ["EINVAL", "invalid"],
  ["EIO", "io"],
  ["EISDIR", "is-directory"],
  ["ELOOP", "loop"],
  ["EMLINK", "too-many-links"],
  ["EMSGSIZE", "message-size"],
  ["ENAMETOOLONG", "name-too-long"],
  ["ENODEV", "no-device"],
  ["ENOENT", "no-entry"],
  ["ENOLCK", "no-lock"],
  ["ENOMEM", "insufficient-memory"],
  // WASI has no code for a host or a guest that holds too many files open.
  ["EMFILE", "insufficient-memory"],
  ["ENFILE", "insufficient-memory"],
  ["ENOSPC", "insufficient-space"],
  ["ENOTDIR", "not-directory"],
  ["ENOTEMPTY", "not-empty"],
  ["ENOTRECOVERABLE", "not-recoverable"],
  ["ENOTSUP", "unsupported"],
  ["EOPNOTSUPP", "unsupported"],
  ["ENOSYS", "unsupported"],
  ["ENOTTY", "no-tty"],
  ["ENXIO", "no-such-device"],
  ["EOVERFLOW", "overflow"],
  ["EPERM", "not-permitted"],
  ["EPIPE", "pipe"],
  ["EROFS", "read-only"],
  ["ESPIPE", "invalid-seek"],
  ["ETXTBSY", "text-file-busy"],
  ["EXDEV", "cross-device"],
]);

/** How an operation of `wasi:filesystem` fails. Thrown inside the capability only; the binding answers with its code. */
export class FilesystemError extends Error {
  readonly code: ErrorCode;
  /** Whether a grant or a limit refused it, so that it is a denial; otherwise the operation was allowed and failed. */
  readonly denied: boolean;

  /** What would allow it, if anything would. */
  readonly remedies: readonly Remedy[] | undefined;

  private constructor(code: ErrorCode, reason: string, denied: boolean, remedy?: Remedy) {
    super(reason);
    this.remedies = remedy === undefined ? undefined : [remedy];
    this.name = "FilesystemError";
    this.code = code;
    this.denied = denied;
  }

  /** What was asked for is impossible, whatever is granted. */
  static failed(code: ErrorCode, reason: string): FilesystemError {
    return new FilesystemError(code, reason, false);
  }

  /** A grant or a limit refuses it, for a reason on one line that names nothing of the host; `remedy` would allow it. */
  static denied(code: ErrorCode, reason: string, remedy?: Remedy): FilesystemError {
    return new FilesystemError(code, reason, true, remedy);
  }

  /**
   * What was thrown, as a failure: a system call's error by its code, a code WASI has no word for as `io`. Throws what is
   * neither again: it is a fault of the host, and a trap for the guest.
   */
  static from(thrown: unknown): FilesystemError {
    if (thrown instanceof FilesystemError) return thrown;
    const errno = errnoOf(thrown);
    if (errno === undefined) throw thrown;
    return FilesystemError.failed(BY_ERRNO.get(errno) ?? "io", `the system refused it (${errno})`);
  }
}
