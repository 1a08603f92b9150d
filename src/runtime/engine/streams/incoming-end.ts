import { HostFault } from "../../abi/trap.ts";
import { GivenPart } from "../tasks/copy-buffer.ts";
import { COPY, type CopySide, type SharedCopy, SharedFuture } from "../tasks/shared-copy.ts";
import type { EndParts } from "./embedder-streams.ts";
import type { StreamPart } from "./messages.ts";

/** What an incoming end needs besides. */
export interface IncomingParts extends EndParts {
  /** Whether its elements have content. */
  readonly hasContent: boolean;
}

/**
 * Writes what the embedder gives, for a guest: it asks for a part when the guest reads, and for none ahead. It ends when there is no
 * more, or the guest reads no more. A stream has no other end: where the embedder's fails, the invocation ends.
 */
export class IncomingEnd {
  readonly #id: number;
  readonly #shared: SharedCopy;
  readonly #parts: IncomingParts;
  #isAsking = false;
  #isClosed = false;

  constructor(id: number, shared: SharedCopy, parts: IncomingParts) {
    this.#id = id;
    this.#shared = shared;
    this.#parts = parts;
  }

  start(): void {
    this.#shared.whenRead = () => this.#ask();
    this.#shared.whenDropped.push(() => this.#cancel());
  }

  /** The guest reads, and nobody writes. */
  #ask(): void {
    if (this.#isAsking || this.#isClosed) return;
    this.#isAsking = true;
    const { scheduler, ask, fail } = this.#parts;
    void scheduler.beside(ask({ op: "in", id: this.#id }), (ended) => {
      this.#isAsking = false;
      if (this.#isClosed) return;
      if (ended.status === "rejected") fail(new HostFault("the embedder gave a stream or future that failed"));
      else this.#take(ended.value as StreamPart);
    });
  }

  #take(part: StreamPart): void {
    const { fail, scheduler, hasContent } = this.#parts;
    if (part.isLast) {
      if (part.problem !== undefined) return fail(new HostFault(part.problem));
      this.#close();
      this.#shared.drop();
    } else {
      const { items } = part;
      const length = hasContent ? (items as { readonly length: number }).length : Number(items);
      this.#write(new GivenPart(hasContent ? items : undefined, length));
    }
    scheduler.stir();
  }

  #write(part: GivenPart): void {
    if (part.remaining === 0) return this.#goOn();
    const side: CopySide = {
      state: undefined,
      buffer: part,
      progressed: (release) => {
        // What is left of it stays there for the next read.
        if (part.remaining > 0) return;
        release();
      },
      ended: (result) => {
        if (result === COPY.dropped) this.#cancel();
        else if (this.#shared instanceof SharedFuture) this.#close();
        else if (part.remaining > 0) this.#write(part);
        else this.#goOn();
      },
    };
    try {
      this.#shared.write(side);
    } catch (thrown) {
      this.#parts.fail(thrown);
    }
  }

  /** The guest may be reading again already, where it asked for nothing before. */
  #goOn(): void {
    if (this.#shared.isRead) this.#ask();
  }

  /** The guest reads no more. */
  #cancel(): void {
    if (this.#isClosed) return;
    this.#close();
    const { scheduler, ask } = this.#parts;
    void scheduler.beside(ask({ op: "cancel", id: this.#id }), () => undefined);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.closed();
  }
}
