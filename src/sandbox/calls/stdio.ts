import type { AuditObservation } from "../../audit/event.ts";
import type { Grants } from "../../policy/grants.ts";
import type { Limits } from "../../shared/limits.ts";
import { CordonError } from "../../shared/errors.ts";
import { CapturedBytes } from "./captured-bytes.ts";

/** The most that one read takes, in bytes. */
const MAX_READ_BYTES = 64 * 1024;

/** Where a guest's standard streams lead. The guest never has those of the host itself. */
export interface StdioOptions {
  /**
   * What the guest reads as its stdin, which it may only with the grant `stdin`; default nothing. Of an iterable no more is
   * taken than the guest asks for.
   */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Takes what the guest writes, as it comes. The guest waits while a returned promise is pending. */
  readonly stdout?: OutputSink | undefined;
  /** The same for its stderr. */
  readonly stderr?: OutputSink | undefined;
}

/** Takes a chunk of output, in bytes that nothing has looked at: a terminal must not get them as they are. */
export type OutputSink = (chunk: Uint8Array) => void | Promise<void>;

/** What is known of the invocation that asks. */
export interface StdioAsker {
  readonly grants: Pick<Grants, "stdin">;
  readonly limits: Pick<Limits, "maxStdoutBytes">;
  readonly observe: (observation: AuditObservation) => void;
}

/** The embedder's end of a guest's standard streams, for one invocation. */
export class Stdio {
  readonly #options: StdioOptions;
  readonly #captured = { stdout: new CapturedBytes(), stderr: new CapturedBytes() };
  readonly #writing = { stdout: false, stderr: false };
  readonly #capture: boolean;
  #stdin: AsyncIterator<Uint8Array> | undefined;
  #left: Uint8Array = new Uint8Array();
  #reading = false;
  #written = 0;
  #refused = false;

  /**
   * @param capture Whether output is kept that no sink takes. The guest's limit bounds it.
   * @throws CordonError `usage` for streams of another kind.
   */
  constructor(options: StdioOptions, capture: boolean) {
    assertStreams(options);
    this.#options = options;
    this.#capture = capture;
  }

  /**
   * Answers a host function that asks for a part of a stream, or hands one on; `undefined` for any other service. Rejects when it
   * asks for what was not granted, or is more than the limit. Host functions do neither.
   */
  answer(service: string, payload: unknown, asker: StdioAsker): Promise<unknown> | undefined {
    switch (service) {
      case "stdin":
        return this.#read(payload, asker);
      case "stdout":
      case "stderr":
        return this.#write(service, payload, asker);
      default:
        return undefined;
    }
  }

  /** What was written and no sink took. */
  captured(stream: "stdout" | "stderr"): Uint8Array {
    return this.#captured[stream].bytes;
  }

  /** Lets go of the source of stdin. One that has a read to answer may never do so, and is not waited for. */
  async close(): Promise<void> {
    const returned = this.#stdin?.return?.();
    if (this.#reading) returned?.catch(() => undefined);
    else await returned;
  }

  async #write(stream: "stdout" | "stderr", chunk: unknown, { limits }: StdioAsker): Promise<void> {
    if (!(chunk instanceof Uint8Array)) throw new Error(`Cannot write to ${stream}: a ${typeof chunk} is no output`);
    if (chunk.length > limits.maxStdoutBytes - this.#written) {
      throw new Error(`Cannot write to ${stream}: it is more than ${limits.maxStdoutBytes} bytes of output`);
    }
    if (this.#writing[stream]) throw new Error(`Cannot write to ${stream}: what was written before is not taken yet`);
    if (chunk.length === 0) return;
    this.#written += chunk.length;
    const sink = this.#options[stream];
    if (sink === undefined) {
      if (this.#capture) this.#captured[stream].add(chunk);
      return;
    }
    this.#writing[stream] = true;
    try {
      await sink(chunk);
    } finally {
      this.#writing[stream] = false;
    }
  }

  /** Up to `maxBytes` bytes, at least one unless the end is reached. */
  async #read(maxBytes: unknown, { grants, observe }: StdioAsker): Promise<Uint8Array> {
    if (!grants.stdin) throw this.#refusal(observe);
    if (!isReadLength(maxBytes)) throw new Error("Cannot read stdin: what was asked for is no number of bytes to read");
    if (this.#reading) throw new Error("Cannot read stdin: it is being read");
    this.#stdin ??= source(this.#options.stdin);
    while (this.#left.length === 0) {
      this.#reading = true;
      const next = await this.#stdin.next().finally(() => {
        this.#reading = false;
      });
      if (next.done === true) return new Uint8Array();
      this.#left = next.value;
    }
    // A copy: what goes to another thread goes with all of its buffer, which for Node's may hold more than these bytes.
    const part = new Uint8Array(this.#left.subarray(0, maxBytes));
    this.#left = this.#left.subarray(maxBytes);
    return part;
  }

  /** Recorded once: without the grant a guest's stdin is at its end, and nothing asks. */
  #refusal(observe: StdioAsker["observe"]): Error {
    const reason = "stdin is not granted; allow it with --stdin";
    if (!this.#refused) {
      this.#refused = true;
      observe({ eventType: "PolicyViolation", action: "stdio.read", resource: "stdin", result: "Denied", reason });
    }
    return new Error(`Cannot read stdin: ${reason}`);
  }
}

function isReadLength(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_READ_BYTES;
}

function assertStreams({ stdin, ...sinks }: StdioOptions): void {
  if (stdin !== undefined && stdin !== null && typeof stdin !== "string" && !isIterable(stdin)) {
    const remedy = "it is a string, a Uint8Array or an async iterable of Uint8Arrays";
    throw new CordonError("usage", `Cannot read stdin from that: ${remedy}`);
  }
  for (const name of ["stdout", "stderr"] as const) {
    if (sinks[name] === undefined || typeof sinks[name] === "function") continue;
    const remedy = "it is a function that takes chunks, such as (chunk) => void stream.write(chunk)";
    throw new CordonError("usage", `Cannot write ${name} to that: ${remedy}`);
  }
}

function isIterable(value: object): boolean {
  return typeof value === "object" && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

async function* source(stdin: StdioOptions["stdin"]): AsyncGenerator<Uint8Array, void> {
  if (stdin === undefined) return;
  if (typeof stdin === "string") yield new TextEncoder().encode(stdin);
  else if (ArrayBuffer.isView(stdin)) yield stdin;
  else yield* stdin;
}
