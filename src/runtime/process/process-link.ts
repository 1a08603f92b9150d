import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { checkMessage } from "./check-message.ts";
import { decode, encode, encodeUncopied } from "./codec.ts";
import { framed, FrameReader } from "./frames.ts";
import { kill, launch, type LaunchPlan } from "./launch.ts";
import { lastWords } from "./last-words.ts";
import { CHANNEL, type FromProcess, type ToProcess } from "./messages.ts";

/** How long the last that a process wrote is waited for after its exit, in milliseconds. */
const LAST_WORDS_MS = 500;

/** How much is kept of what a process wrote to its stderr, in bytes: the reason of an end, and the stack after it. */
const MAX_STDERR_BYTES = 16_384;

/** What comes of a process. */
export interface ProcessLinkEvents {
  /** How long a message may be that begins now, and what it may take on the heap, in bytes. */
  readonly maxMessageBytes: () => number;
  /** It said something, in so many bytes. Throws when no guest process says that now. */
  readonly take: (message: FromProcess, bytes: number) => void;
  /** It said what no guest process says. */
  readonly lied: () => void;
  /** It is gone, or could not be started, for this reason. */
  readonly gone: (reason: string) => void;
}

/** A child process and the pipes to it: messages go there, and what comes back is bounded, decoded and checked. */
export class ProcessLink {
  readonly #child: ChildProcess;
  readonly #down: Writable;
  readonly #frames: FrameReader;
  readonly #events: ProcessLinkEvents;
  readonly #exited = Promise.withResolvers<void>();
  #stderr = Buffer.alloc(0);
  #unread = 0;
  #closed = false;

  constructor(plan: LaunchPlan, events: ProcessLinkEvents) {
    this.#events = events;
    this.#frames = new FrameReader(events.maxMessageBytes);
    this.#child = launch(plan);
    this.#down = this.#child.stdio[CHANNEL.down] as Writable;
    const up = this.#child.stdio[CHANNEL.up] as Readable;
    this.#down.on("error", () => undefined);
    up.on("error", () => undefined);
    up.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#child.stderr?.on("data", (chunk: Buffer) => this.#keepStderr(chunk));
    this.#child.once("error", (error) => {
      // The message has the path of the program.
      events.gone(`its process did not start (${"code" in error ? String(error.code) : "for no known reason"})`);
      if (this.#child.pid === undefined) this.#exited.resolve();
    });
    this.#child.once("exit", (code, signal) => {
      this.#exited.resolve();
      const end = (): void => events.gone(this.#howItEnded(code, signal));
      // What it wrote comes later than its exit, or never, when a process of its own has the other end.
      const waiting = setTimeout(end, LAST_WORDS_MS);
      this.#child.once("close", () => {
        clearTimeout(waiting);
        end();
      });
    });
  }

  /** The process's number; that of bubblewrap where it is wrapped. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the process is gone. */
  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  /** How much of the answers it was sent it has not read, in bytes. */
  get unreadAnswerBytes(): number {
    return this.#unread;
  }

  /**
   * Sends a message; to a process that was given up, nothing.
   *
   * @throws TypeError when it holds what is no plain data.
   */
  send(message: ToProcess): void {
    if (this.#closed) return;
    const isAnswer = message.type === "answer";
    // A program may be large, and does not change.
    const parts = message.type === "load" ? encodeUncopied(message) : [encode(message)];
    for (const part of framed(...parts)) {
      if (isAnswer) this.#unread += part.length;
      this.#down.write(part, () => {
        if (isAnswer) this.#unread -= part.length;
      });
    }
  }

  /** Has this process live as long as that one. */
  ref(): void {
    this.#child.ref();
    for (const stream of this.#child.stdio) if (hasRef(stream)) stream.ref();
  }

  /** Has this process end although that one is there. */
  unref(): void {
    this.#child.unref();
    for (const stream of this.#child.stdio) if (hasRef(stream)) stream.unref();
  }

  /** Has this process live until that one, which is about to end, is gone. */
  refUntilGone(): void {
    this.#child.ref();
  }

  /** Neither hears it nor speaks to it any more. */
  close(): void {
    this.#closed = true;
    this.#down.destroy();
  }

  /** Ends the process at once. */
  kill(): void {
    kill(this.#child);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#closed) return;
        this.#events.take(checkMessage(decode(frame, this.#events.maxMessageBytes())), frame.length);
      }
    } catch {
      this.#events.lied();
    }
  }

  #keepStderr(chunk: Buffer): void {
    this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-MAX_STDERR_BYTES);
  }

  #howItEnded(code: number | null, signal: string | null): string {
    const how = signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
    const said = lastWords(this.#stderr.toString("utf8"));
    return `its process ended with ${how}${said === "" ? "" : ` (${said})`}`;
  }
}

function hasRef(stream: unknown): stream is { ref(): void; unref(): void } {
  return typeof stream === "object" && stream !== null && "ref" in stream && "unref" in stream;
}
