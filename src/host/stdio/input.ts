import type { HostContext } from "../capability.ts";
import { CLOSED } from "../io/stream-steps.ts";
import type { InputStream, StreamResult } from "../io/streams.ts";
import { Wakeups } from "../io/wakeups.ts";
import { ok } from "../text.ts";
import { underPolicy } from "../under-policy.ts";

/** The most that is asked for at once, in bytes. */
const MAX_CHUNK_BYTES = 64 * 1024;

/**
 * Stdin of one invocation: at most one chunk of what the embedder gives, asked for when the guest reads, waits or polls and
 * there is none. Without the grant it is at its end.
 */
export class StdioInput {
  readonly #ask: HostContext["ask"];
  readonly #arrived = new Wakeups();
  #chunk: Uint8Array = new Uint8Array(0);
  #asking = false;
  #ended: boolean;
  #isRevoked = false;

  constructor(context: HostContext) {
    this.#ask = context.ask;
    this.#ended = !context.grants.stdin;
    if (this.#ended) return;
    underPolicy(context, {
      eventType: "PolicyViolation",
      action: "stdio.close",
      resource: "stdin",
      recheck: () => (context.grants.stdin ? undefined : "stdin is not granted"),
      revoke: () => this.#revoke(),
    });
  }

  /** A stream for one handle of the guest; all of them read the same input, and dropping one closes nothing. */
  stream(): InputStream {
    return {
      kind: "input-stream",
      ready: () => this.#ready(),
      wait: (signal) => (this.#ready() ? Promise.resolve() : this.#arrived.wait(signal)),
      read: (_context, length) => this.#read(length),
      [Symbol.dispose]: () => undefined,
    };
  }

  /** It is at its end, whatever has come. */
  #revoke(): void {
    this.#isRevoked = true;
    this.#ended = true;
    this.#chunk = new Uint8Array(0);
    this.#arrived.wake();
  }

  #ready(): boolean {
    if (this.#chunk.length > 0 || this.#ended) return true;
    if (!this.#asking) void this.#fetch();
    return false;
  }

  #read(length: number): StreamResult<Uint8Array> {
    if (this.#chunk.length === 0 && this.#ended) return CLOSED;
    if (length === 0 || !this.#ready()) return ok(new Uint8Array(0));
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return ok(part);
  }

  async #fetch(): Promise<void> {
    this.#asking = true;
    try {
      const answer = await this.#ask("stdin", MAX_CHUNK_BYTES);
      if (answer instanceof Uint8Array && answer.length > 0 && !this.#isRevoked) this.#chunk = answer;
      else this.#ended = true;
    } catch {
      // The embedder is gone, or its source failed: there is no more input.
      this.#ended = true;
    }
    this.#asking = false;
    this.#arrived.wake();
  }
}
