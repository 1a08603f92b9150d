/** A `wasi:io/error.error`: why a stream operation failed. */
export class IoError {
  /** For the guest, on one line; names nothing of the host. */
  readonly message: string;
  /** What failed, for the functions that turn it into an error code of their own interface. */
  readonly cause: unknown;

  constructor(message: string, cause?: unknown) {
    this.message = message;
    this.cause = cause;
  }
}
