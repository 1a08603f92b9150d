import type { ErrorCode } from "../filesystem/wasi/error-code.ts";
import type { FileResult } from "../filesystem/wasi/recorded.ts";

/** `errno` of preview 1, as far as it is used here. */
export const ERRNO = {
  success: 0,
  access: 2,
  addressInUse: 3,
  addressNotAvailable: 4,
  again: 6,
  badDescriptor: 8,
  connectionAborted: 13,
  invalid: 28,
  io: 29,
  illegalByteSequence: 25,
  tooManyDescriptors: 33,
  nameTooLong: 37,
  notConnected: 53,
  notDirectory: 54,
  notSocket: 57,
  notSupported: 58,
  overflow: 61,
  pipe: 64,
  seekOnPipe: 70,
} as const;

type Errno = number;

const BY_CODE: Readonly<Record<ErrorCode, Errno>> = {
  access: 2,
  "would-block": 6,
  already: 7,
  "bad-descriptor": 8,
  busy: 10,
  deadlock: 16,
  quota: 19,
  exist: 20,
  "file-too-large": 22,
  "illegal-byte-sequence": 25,
  "in-progress": 26,
  interrupted: 27,
  invalid: 28,
  io: 29,
  "is-directory": 31,
  loop: 32,
  "too-many-links": 34,
  "message-size": 35,
  "name-too-long": 37,
  "no-device": 43,
  "no-entry": 44,
  "no-lock": 46,
  "insufficient-memory": 48,
  "insufficient-space": 51,
  "not-directory": 54,
  "not-empty": 55,
  "not-recoverable": 56,
  unsupported: 58,
  "no-tty": 59,
  "no-such-device": 60,
  overflow: 61,
  "not-permitted": 63,
  pipe: 64,
  "read-only": 69,
  "invalid-seek": 70,
  "text-file-busy": 74,
  "cross-device": 75,
};

/** A call that fails with an `errno`. Thrown inside this folder only; the function answers with its number. */
export class Preview1Error extends Error {
  readonly errno: Errno;

  constructor(errno: Errno) {
    super(`errno ${errno}`);
    this.errno = errno;
  }

  static of(code: ErrorCode): Preview1Error {
    return new Preview1Error(BY_CODE[code]);
  }
}

/** The value of an operation on files. @throws Preview1Error when it failed. */
export function valueOf<T>(result: FileResult<T>): T {
  if (result.tag === "ok") return result.val;
  throw Preview1Error.of(result.val);
}
