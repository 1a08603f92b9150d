import type { Socket } from "node:net";
import { closeAtEnd } from "../close-at-end.ts";
import type { HostContext } from "../capability.ts";
import { IoError } from "../io/io-error.ts";
import { CLOSED } from "../io/stream-steps.ts";
import type { InputStream, OutputStream, StreamResult } from "../io/streams.ts";
import { Wakeups } from "../io/wakeups.ts";
import { pacedWait } from "../io/paced-wait.ts";
import { errorCodeOf, systemCode } from "./socket-errors.ts";
import type { SocketSession } from "./socket-session.ts";

/** How many bytes that the guest wrote may wait to be sent, for each connection. */
const MAX_QUEUED_BYTES = 64 * 1024;

/**
 * What a socket of Node's reads ahead. It asks for as little as it can, so it stops after each chunk, which is 64 KiB at most.
 * With the chunk that the guest is reading, the host holds 128 KiB of a connection, whatever its other end sends.
 */
export const READ_AHEAD_BYTES = 1;

/**
 * An established connection. Its socket and both streams hold it; it is closed when all three are dropped, after what the guest
 * wrote was sent, and at once when the invocation ends.
 */
export class TcpConnection {
  readonly socket: Socket;
  readonly session: SocketSession;
  /** For events: the other end. */
  readonly resource: string;
  readonly input: TcpInput;
  readonly output: TcpOutput;
  readonly wakeups: Wakeups = new Wakeups();
  /** What the operating system reported, if it did. */
  error: Error | undefined;
  #isRevoked = false;
  #forget: (() => void) | undefined;
  #released: (() => void) | undefined;
  #holders = 3;

  /**
   * @param socket connected, made with {@link READ_AHEAD_BYTES} and half-open allowed, and with a listener for its errors
   * @param released called once, when nothing of the connection is left
   */
  constructor(session: SocketSession, socket: Socket, resource: string, released: () => void) {
    this.session = session;
    this.socket = socket;
    this.resource = resource;
    this.#released = released;
    this.error = socket.errored ?? undefined;
    this.#forget = closeAtEnd(session.context, () => this.destroy());
    socket.on("error", (error) => {
      this.error ??= error;
      this.destroy();
    });
    this.input = new TcpInput(this);
    this.output = new TcpOutput(this);
    socket.on("close", () => this.#done());
  }

  /** Whether nothing of the connection is left. */
  get isClosed(): boolean {
    return this.#released === undefined;
  }

  /** Lets go of the connection for one of the three who hold it. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    if (this.socket.destroyed || this.output.queued === 0) this.destroy();
    else this.socket.destroySoon();
  }

  /** Whether the policy does not allow it any more: what has come is not read either. */
  get isRevoked(): boolean {
    return this.#isRevoked;
  }

  /** Closes the connection for good, with what was not read and not sent. */
  revoke(reason: string): void {
    this.#isRevoked = true;
    this.error = Object.assign(new Error(reason), { code: "EACCES" });
    this.destroy();
  }

  /** Closes the connection now; what was not sent is lost. */
  destroy(): void {
    this.socket.destroy();
    this.#done();
  }

  #done(): void {
    this.#forget?.();
    this.#released?.();
    this.#released = undefined;
    this.wakeups.wake();
  }
}

const NOTHING = new Uint8Array(0);

/** The bytes that come in. */
export class TcpInput implements InputStream {
  readonly kind = "input-stream";
  readonly #connection: TcpConnection;
  /** What was taken from the socket and not read yet. */
  #held: Uint8Array = NOTHING;
  #shut = false;
  #disposed = false;

  constructor(connection: TcpConnection) {
    this.#connection = connection;
    const { socket, wakeups } = connection;
    socket.on("readable", () => {
      // Only who reads past the last byte gets the end.
      if (socket.readableLength === 0) socket.read(0);
      wakeups.wake();
    });
    socket.on("end", () => wakeups.wake());
  }

  /** Bytes that came in and that the guest has not read yet. */
  get buffered(): number {
    return this.#held.length + this.#connection.socket.readableLength;
  }

  read(_context: HostContext, length: number): StreamResult<Uint8Array> {
    const { socket, session, resource, isRevoked, error } = this.#connection;
    if (isRevoked && error !== undefined) return brokenBy(error);
    if (this.#shut) return CLOSED;
    // Only a read without a length leaves the socket's bound on what it reads ahead as it is.
    if (this.#held.length === 0) this.#held = (socket.read() as Uint8Array | null) ?? NOTHING;
    if (this.#held.length === 0) return this.#atEnd() ? this.#end() : ok(new Uint8Array(0));
    if (length === 0) return ok(new Uint8Array(0));
    if (session.read.left <= 0) {
      session.observeQuota("tcp.read", resource, "maxReadBytes");
      return failed("the limit of bytes that may be read is used up");
    }
    const granted = session.read.take(Math.min(length, this.#held.length));
    // A copy, since a chunk can be a part of memory that others share.
    const bytes = new Uint8Array(this.#held.subarray(0, granted));
    this.#held = this.#held.subarray(granted);
    return ok(bytes);
  }

  ready(): boolean {
    if (this.#shut || this.#atEnd()) return true;
    return this.buffered > 0 && this.#connection.session.read.delayMs() === 0;
  }

  wait(signal: AbortSignal): Promise<void> {
    const { session, wakeups } = this.#connection;
    return pacedWait(wakeups, signal, this.buffered > 0 ? session.read.delayMs() : 0);
  }

  /** Reads nothing more, and discards what has come. */
  shutdown(): void {
    if (this.#shut) return;
    this.#shut = true;
    this.#held = NOTHING;
    this.#connection.socket.read();
    this.#connection.wakeups.wake();
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.shutdown();
    this.#connection.release();
  }

  #atEnd(): boolean {
    return this.#connection.socket.readableEnded || this.#connection.socket.destroyed;
  }

  #end(): StreamResult<never> {
    const { error, socket } = this.#connection;
    this.#shut = true;
    return error === undefined || socket.readableEnded ? CLOSED : brokenBy(error);
  }
}

/** The bytes that go out. */
export class TcpOutput implements OutputStream {
  readonly kind = "output-stream";
  readonly #connection: TcpConnection;
  #flushing = false;
  #shut = false;
  #disposed = false;

  constructor(connection: TcpConnection) {
    this.#connection = connection;
  }

  /** Bytes that were written and that the operating system has not taken yet. */
  get queued(): number {
    return this.#connection.socket.writableLength;
  }

  checkWrite(): StreamResult<number> {
    const { session, resource } = this.#connection;
    const end = this.#end();
    if (end !== undefined) return end;
    if (session.write.left <= 0) {
      session.observeQuota("tcp.write", resource, "maxWriteBytes");
      return failed("the limit of bytes that may be written is used up");
    }
    if (this.#flushing) return ok(0);
    return ok(session.write.available(Math.max(0, MAX_QUEUED_BYTES - this.queued)));
  }

  write(_context: HostContext, bytes: Uint8Array): StreamResult<void> {
    const { socket, session, resource, wakeups } = this.#connection;
    const end = this.#end();
    if (end !== undefined) return end;
    if (bytes.length > MAX_QUEUED_BYTES - this.queued) throw new Error("Cannot write more than check-write allowed");
    if (!session.write.charge(bytes.length)) {
      session.observeQuota("tcp.write", resource, "maxWriteBytes");
      return failed("the limit of bytes that may be written is used up");
    }
    socket.write(bytes, () => {
      if (this.queued === 0) this.#flushing = false;
      wakeups.wake();
    });
    return ok(undefined);
  }

  flush(): StreamResult<void> {
    const end = this.#end();
    if (end !== undefined) return end;
    this.#flushing = this.queued > 0;
    return ok(undefined);
  }

  ready(): boolean {
    if (this.#shut || this.#connection.socket.destroyed) return true;
    return !this.#flushing && this.queued < MAX_QUEUED_BYTES && this.#connection.session.write.delayMs() === 0;
  }

  wait(signal: AbortSignal): Promise<void> {
    const { session, wakeups } = this.#connection;
    return pacedWait(wakeups, signal, session.write.delayMs());
  }

  /** Takes nothing more, and ends the stream to the other side after what was written. */
  shutdown(): void {
    if (this.#shut) return;
    this.#shut = true;
    this.#connection.socket.end();
    this.#connection.wakeups.wake();
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#connection.release();
  }

  #end(): StreamResult<never> | undefined {
    const { socket, error, isRevoked } = this.#connection;
    if (isRevoked && error !== undefined) return brokenBy(error);
    if (this.#shut) return CLOSED;
    if (!socket.destroyed) return undefined;
    this.#shut = true;
    return error === undefined || systemCode(error) === "EPIPE" ? CLOSED : brokenBy(error);
  }
}

function ok<T>(val: T): StreamResult<T> {
  return { tag: "ok", val };
}

function brokenBy(error: Error): StreamResult<never> {
  return failed(`the connection failed: ${errorCodeOf(error)}`, error);
}

function failed(message: string, cause?: unknown): StreamResult<never> {
  return { tag: "err", val: { tag: "last-operation-failed", val: new IoError(message, cause) } };
}
