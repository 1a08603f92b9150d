import type { AuditObservation } from "../../audit/event.ts";
import type { Grants } from "../../policy/grants.ts";
import { reportUses } from "../../host/uses.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { CapturedBytes } from "./captured-bytes.ts";
import { bytesOf, isBytes, sinkOf, type StdioOptions } from "./stdio-options.ts";

/** The most that one read takes, in bytes. */
const MAX_READ_BYTES = 64 * 1024;

/** What is known of the invocation that asks. */
export interface StdioAsker {
  readonly policy: { readonly grants: Pick<Grants, "stdin" | "reportsUses"> };
  readonly limits: Pick<Limits, "maxStdoutBytes">;
  readonly observe: (observation: AuditObservation) => void;
}

/** The embedder's end of a guest's standard streams, for one invocation. */
export class Stdio {
  readonly #input: StdioOptions["stdin"];
  readonly #sinks: Readonly<Record<"stdout" | "stderr", ReturnType<typeof sinkOf> | undefined>>;
  readonly #captured = { stdout: new CapturedBytes(), stderr: new CapturedBytes() };
  readonly #writing = { stdout: false, stderr: false };
  readonly #capture: boolean;
  #stdin: AsyncIterator<Uint8Array> | undefined;
  #left: Uint8Array = new Uint8Array();
  #reading = false;
  #written = 0;
  #refused = false;
  #told = false;

  /** @param capture Whether output is kept that no sink takes. The guest's limit bounds it. */
  constructor({ stdin, stdout, stderr }: StdioOptions, capture: boolean) {
    this.#input = stdin;
    this.#sinks = {
      stdout: stdout === undefined ? undefined : sinkOf(stdout),
      stderr: stderr === undefined ? undefined : sinkOf(stderr),
    };
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

  /** Lets go of the sinks and of the source of stdin. One that has a read to answer may never do so, and is not waited for. */
  async close(): Promise<void> {
    this.#sinks.stdout?.end();
    this.#sinks.stderr?.end();
    // How the call ended is known: what its input does when it is let go of is no matter of it.
    const returned = this.#letGo().catch(() => undefined);
    if (!this.#reading) await returned;
  }

  async #letGo(): Promise<void> {
    await this.#stdin?.return?.();
  }

  async #write(stream: "stdout" | "stderr", chunk: unknown, { limits }: StdioAsker): Promise<void> {
    if (!(chunk instanceof Uint8Array)) throw new Error(`Cannot write to ${stream}: a ${typeof chunk} is no output`);
    if (chunk.length > limits.maxStdoutBytes - this.#written) {
      throw new Error(`Cannot write to ${stream}: it is more than ${limits.maxStdoutBytes} bytes of output`);
    }
    if (this.#writing[stream]) throw new Error(`Cannot write to ${stream}: what was written before is not taken yet`);
    if (chunk.length === 0) return;
    this.#written += chunk.length;
    const sink = this.#sinks[stream];
    if (sink === undefined) {
      if (this.#capture) this.#captured[stream].add(chunk);
      return;
    }
    this.#writing[stream] = true;
    try {
      await sink.take(chunk);
    } finally {
      this.#writing[stream] = false;
    }
  }

  /** Up to `maxBytes` bytes, at least one unless the end is reached. */
  async #read(maxBytes: unknown, { policy, observe }: StdioAsker): Promise<Uint8Array> {
    if (!policy.grants.stdin) throw this.#refusal(observe);
    if (!this.#told) {
      this.#told = true;
      const label = { eventType: "PolicyViolation", action: "stdio.read", resource: "stdin" } as const;
      reportUses({ grants: policy.grants, observe }, label, [{ kind: "given", what: "stdin" }]);
    }
    if (!isReadLength(maxBytes)) throw new Error("Cannot read stdin: what was asked for is no number of bytes to read");
    if (this.#reading) throw new Error("Cannot read stdin: it is being read");
    this.#stdin ??= source(this.#input);
    while (this.#left.length === 0) {
      this.#reading = true;
      const next = await this.#stdin.next().finally(() => {
        this.#reading = false;
      });
      if (next.done === true) return new Uint8Array();
      const chunk: unknown = next.value;
      if (!ArrayBuffer.isView(chunk)) throw new Error("Cannot read stdin: its source gave what is no Uint8Array");
      this.#left = bytesOf(chunk);
    }
    // It may have been taken back while the source had nothing.
    if (!policy.grants.stdin) throw this.#refusal(observe);
    // A copy: what goes to another thread goes with all of its buffer, which for Node's may hold more than these bytes.
    const part = new Uint8Array(this.#left.subarray(0, maxBytes));
    this.#left = this.#left.subarray(maxBytes);
    return part;
  }

  /** Recorded once: without the grant a guest's stdin is at its end, and nothing asks. */
  #refusal(observe: StdioAsker["observe"]): Error {
    const reason = "stdin is not granted";
    const remedies = [{ setting: "grants.stdin", value: "true" }] as const;
    if (!this.#refused) {
      this.#refused = true;
      observe({
        eventType: "PolicyViolation",
        action: "stdio.read",
        resource: "stdin",
        result: "Denied",
        reason,
        remedies,
      });
    }
    return new Error(`Cannot read stdin: ${reason}`);
  }
}

function isReadLength(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_READ_BYTES;
}

async function* source(stdin: StdioOptions["stdin"]): AsyncGenerator<Uint8Array, void> {
  if (stdin === undefined) return;
  if (typeof stdin === "string") yield new TextEncoder().encode(stdin);
  else if (isBytes(stdin)) yield bytesOf(stdin);
  else if (!(stdin instanceof Response)) yield* stdin;
  else if (stdin.body !== null) yield* stdin.body;
}
