import { COPY, type CopySide, type SharedCopy, SharedFuture } from "../tasks/shared-copy.ts";
import { TakenPart } from "../tasks/copy-buffer.ts";
import type { EndParts } from "./embedder-streams.ts";

/** What an outgoing end needs besides. */
export interface OutgoingParts extends EndParts {
  /** How many elements are taken at once. */
  readonly most: number;
  /** Something was read. */
  readonly moved: () => void;
}

/**
 * Reads what a guest writes, for the embedder: a part of a stream, or the value of a future, when the embedder wants it, and none ahead. It
 * ends when the guest drops its end, or the embedder reads no more.
 */
export class OutgoingEnd {
  readonly #id: number;
  readonly #shared: SharedCopy;
  readonly #parts: OutgoingParts;
  #side: CopySide | undefined;
  #isClosed = false;

  constructor(id: number, shared: SharedCopy, parts: OutgoingParts) {
    this.#id = id;
    this.#shared = shared;
    this.#parts = parts;
  }

  /** Whether the guest waits for the embedder to read, or has handed on what comes of the embedder. */
  get isAwaited(): boolean {
    return !this.#isClosed && (this.#shared.isEmbedders || this.#shared.hasWaiting(this.#side));
  }

  start(): void {
    const { scheduler, ask } = this.#parts;
    void scheduler.beside(ask({ op: "watch", id: this.#id }), () => this.#cancel());
    this.#shared.whenDropped.push(() => this.#dropped());
    this.#send(undefined, false);
  }

  /** Hands on what was read, and waits until more is wanted. */
  #send(items: unknown, isLast: boolean): void {
    const { scheduler, ask } = this.#parts;
    void scheduler.beside(ask({ op: "out", id: this.#id, items, isLast }), ({ status, ...ended }) => {
      if (this.#isClosed) return;
      if (status === "fulfilled" && "value" in ended && ended.value === true) this.#read();
      else this.#cancel();
    });
    if (isLast) this.#close();
  }

  #read(): void {
    const { most, fail } = this.#parts;
    const isFuture = this.#shared instanceof SharedFuture;
    const part = new TakenPart(isFuture ? 1 : most);
    const side: CopySide = {
      state: undefined,
      buffer: part,
      progressed: (release) => {
        release();
        this.#took(part, isFuture);
      },
      ended: (result) => {
        if (result === COPY.dropped) this.#dropped();
        else if (result === COPY.completed) this.#took(part, isFuture);
      },
    };
    this.#side = side;
    try {
      this.#shared.read(side);
    } catch (thrown) {
      fail(thrown);
    }
    this.#parts.scheduler.stir();
  }

  #took({ items, progress }: TakenPart, isFuture: boolean): void {
    this.#side = undefined;
    if (isFuture) this.#send((items as readonly unknown[] | undefined)?.[0], true);
    else this.#send(items ?? progress, false);
    this.#parts.moved();
  }

  /** There is nothing more to come. */
  #dropped(): void {
    if (!this.#isClosed) this.#send(undefined, true);
  }

  /** The embedder reads no more. */
  #cancel(): void {
    if (this.#isClosed) return;
    this.#close();
    this.#shared.cancel(this.#side);
    this.#shared.drop();
    this.#parts.scheduler.stir();
  }

  #close(): void {
    this.#isClosed = true;
    this.#parts.closed();
  }
}
