import type { HostContext } from "../../capability.ts";
import { IoError } from "../../io/io-error.ts";
import type { BytesOrLazy } from "../../io/lazy-bytes.ts";
import type { InputStream, OutputStream, StreamResult } from "../../io/streams.ts";
import type { ByteMeter } from "../../metering/byte-meter.ts";
import type { Wakeups } from "../../io/wakeups.ts";
import { pacedWait } from "../../io/paced-wait.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import { MAX_STREAM_BYTES, readPart, writePart } from "./file-bytes.ts";
import type { OpenFile } from "../opening/open-file.ts";
import { readLazily } from "./read-lazily.ts";

/** The longest time for which a timer is set; then the condition is checked again. */
const MAX_SLEEP_MS = 60_000;
const NOTHING = new Uint8Array(0);

/** What writes need to know of a file. */
export interface WrittenFile {
  readonly file: OpenFile;
  readonly maxFileBytes: number;
  /** Records that a write was refused. */
  readonly refused: (error: FilesystemError) => void;
}

/** Ready unless the rate of its meter is used up for the moment. */
abstract class FileStream {
  readonly #meter: ByteMeter;
  readonly #file: OpenFile;
  #open = true;

  /** Takes over one hold of `file`. */
  constructor(meter: ByteMeter, file: OpenFile) {
    this.#meter = meter;
    this.#file = file;
  }

  ready(): boolean {
    return !this.#file.open || this.#meter.exhausted || this.#meter.delayMs() === 0;
  }

  /** The file. Fails with `bad-descriptor` when the stream was closed. */
  protected get file(): OpenFile {
    if (this.#open) return this.#file;
    throw FilesystemError.failed("bad-descriptor", "the stream was closed");
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.ready() ? Promise.resolve() : pause(this.#meter, signal, this.#file.gone);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file[Symbol.dispose]();
  }
}

/** Waits until a meter may grant a byte again, the file is gone, or the signal is aborted. Never rejects. */
export async function pause(meter: ByteMeter, signal: AbortSignal, gone: Wakeups): Promise<void> {
  await pacedWait(gone, signal, Math.max(1, Math.min(meter.delayMs(), MAX_SLEEP_MS)));
}

/** Reads a file from a position on. It is at its end when the file is, and goes on when the file grows. */
export class FileInputStream extends FileStream implements InputStream {
  readonly kind = "input-stream";
  #position: number;

  constructor(context: HostContext, file: OpenFile, position: number) {
    super(context.meters.read, file);
    this.#position = position;
  }

  read(context: HostContext, length: number): StreamResult<Uint8Array> {
    return attempt((): StreamResult<Uint8Array> => {
      return this.#advanced(readPart(context, this.file, this.#position, Math.min(length, MAX_STREAM_BYTES)));
    });
  }

  readLazily(context: HostContext, length: number): StreamResult<BytesOrLazy> {
    return attempt((): StreamResult<BytesOrLazy> => {
      const cut = (missing: number): void => {
        this.#position -= missing;
      };
      const asked = { position: this.#position, length: Math.min(length, MAX_STREAM_BYTES), cut };
      return this.#advanced(readLazily(context, this.file, asked));
    });
  }

  #advanced<Bytes extends BytesOrLazy>(
    part: { readonly bytes: Bytes; readonly end: boolean } | undefined,
  ): StreamResult<Bytes | Uint8Array> {
    if (part === undefined) return { tag: "ok", val: NOTHING };
    this.#position += part.bytes.length;
    if (part.bytes.length === 0 && part.end) return { tag: "err", val: { tag: "closed" } };
    return { tag: "ok", val: part.bytes };
  }
}

/** Writes a file from a position on, or always at its end. What it takes is with the system when the call returns. */
export class FileOutputStream extends FileStream implements OutputStream {
  readonly kind = "output-stream";
  readonly #written: WrittenFile;
  /** `undefined` for a stream that appends. */
  #position: number | undefined;

  constructor(context: HostContext, written: WrittenFile, position: number | undefined) {
    super(context.meters.write, written.file);
    this.#written = written;
    this.#position = position;
  }

  checkWrite({ meters: { write } }: HostContext): StreamResult<number> {
    // When the total is used up, the write says so: a flush after the last byte is no failure.
    if (write.exhausted) return { tag: "ok", val: 1 };
    const room = write.take(MAX_STREAM_BYTES);
    write.refund(room);
    return { tag: "ok", val: room };
  }

  write(context: HostContext, bytes: Uint8Array): StreamResult<void> {
    const { maxFileBytes } = this.#written;
    return attempt(() => {
      for (let rest = bytes; rest.length > 0;) {
        const count = writePart(context, { file: this.file, maxFileBytes }, this.#position, rest);
        // Another stream has used up the rate since this one was asked for room.
        if (count === undefined) throw FilesystemError.failed("would-block", "the stream has no room just now");
        if (this.#position !== undefined) this.#position += count;
        rest = rest.subarray(count);
      }
      return { tag: "ok", val: undefined };
    }, this.#written.refused);
  }

  flush(): StreamResult<void> {
    return { tag: "ok", val: undefined };
  }
}

/** What fails becomes the stream's error, from which `filesystem-error-code` gets the code. */
function attempt<T>(work: () => StreamResult<T>, failed?: (error: FilesystemError) => void): StreamResult<T> {
  try {
    return work();
  } catch (thrown) {
    const error = FilesystemError.from(thrown);
    failed?.(error);
    return { tag: "err", val: { tag: "last-operation-failed", val: new IoError(error.message, error) } };
  }
}
