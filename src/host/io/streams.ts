import type { HostContext, HostResult } from "../capability.ts";
import type { IoError } from "./io-error.ts";
import type { BytesOrLazy } from "./lazy-bytes.ts";

/** Why a stream operation did not succeed: `wasi:io/streams.stream-error`. */
export type StreamError = { readonly tag: "last-operation-failed"; readonly val: IoError } | { readonly tag: "closed" };

export type StreamResult<T> = HostResult<T, StreamError>;

/** What can be waited for. */
export interface Waitable {
  /** Whether waiting would return at once. */
  readonly ready: () => boolean;
  /** Settles, and never rejects, when {@link ready} may have become true, and when the signal is aborted. */
  readonly wait: (signal: AbortSignal) => Promise<void>;
  /** Set for what waits for an instant of a clock that the host's time does not move. */
  readonly virtual?: VirtualWait | undefined;
}

/** A wait for an instant of virtual time. */
export interface VirtualWait {
  readonly instant: bigint;
  /** Moves that time on to the instant; `false` when there is no such instant, and the wait never ends. */
  readonly skip: () => boolean;
}

/**
 * A `wasi:io/streams.input-stream`. The binding has bounded `length` before it gets here, so an implementation may allocate
 * it; the implementation charges the read meter for what it reads.
 */
export interface InputStream extends Waitable {
  readonly kind: "input-stream";
  /** Up to `length` bytes without waiting; empty when there are none just now, `closed` at the end. */
  readonly read: (context: HostContext, length: number) => StreamResult<Uint8Array>;
  /** The same for bytes that nobody but the guest uses; for streams that need not hold them. */
  readonly readLazily?: (context: HostContext, length: number) => StreamResult<BytesOrLazy>;
  readonly [Symbol.dispose]: () => void;
}

/** A `wasi:io/streams.output-stream`. The implementation charges the write meter for what it takes. */
export interface OutputStream extends Waitable {
  readonly kind: "output-stream";
  /** How many bytes {@link write} takes now; 0 when it takes none until it is ready again. */
  readonly checkWrite: (context: HostContext) => StreamResult<number>;
  /** Takes `bytes`, of which there are no more than {@link checkWrite} allowed. The array is the stream's own from now on. */
  readonly write: (context: HostContext, bytes: Uint8Array) => StreamResult<void>;
  /** Starts to flush; the stream is ready again when that is done. */
  readonly flush: (context: HostContext) => StreamResult<void>;
  readonly [Symbol.dispose]: () => void;
}
