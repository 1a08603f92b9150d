import type { LiftContext, LowerContext } from "../../abi/context.ts";
import type { Elements } from "../../abi/list-codec.ts";
import { trap } from "../../abi/trap.ts";
import type { ComponentState } from "../component-state.ts";
import type { CopyBuffer } from "./copy-buffer.ts";
import { Waitable } from "./waitable.ts";

/** How a copy ended: `CopyResult` of the Canonical ABI. */
export const COPY = { completed: 0, dropped: 1, cancelled: 2 } as const;

/** The most elements of one read or write: `Buffer.MAX_LENGTH` of the Canonical ABI. */
const MAX_ELEMENTS = 2 ** 28 - 1;

/** How elements are read from a guest's memory and stored in it: for or from another guest, or the embedder. */
export interface ElementContexts {
  readonly lift: (forEmbedder: boolean) => LiftContext;
  readonly lower: (ofEmbedder: boolean) => LowerContext;
}

/** Where elements are read from or written to: a range of a guest's memory. */
export class GuestBuffer implements CopyBuffer {
  readonly isEmbedders = false;
  readonly #elements: Elements | undefined;
  readonly #length: number;
  #at: number;
  /** How many elements have been copied. */
  progress = 0;
  readonly #contexts: ElementContexts;

  /** @param elements How elements lie there; undefined when they have no content. */
  constructor(
    elements: Elements | undefined,
    { at, length }: { readonly at: number; readonly length: number },
    contexts: ElementContexts,
  ) {
    if (length > MAX_ELEMENTS) trap(`asked to copy more than ${MAX_ELEMENTS} elements at once`);
    if (elements !== undefined && length > 0) {
      const { size, align } = elements.element;
      const { memory } = contexts.lift(false);
      memory?.check(at, length * size, align);
    }
    this.#elements = elements;
    this.#at = at;
    this.#length = length;
    this.#contexts = contexts;
  }

  get remaining(): number {
    return this.#length - this.progress;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** The next elements, as another component takes them, or values of the embedder's. */
  read(count: number, forEmbedder: boolean): unknown {
    const from = this.#advance(count);
    if (this.#elements === undefined) return undefined;
    return this.#elements.load(this.#contexts.lift(forEmbedder), from, count);
  }

  write(count: number, items: unknown, ofEmbedder: boolean): void {
    const from = this.#advance(count);
    if (this.#elements === undefined) return;
    this.#elements.store(this.#contexts.lower(ofEmbedder), items, from, count);
  }

  #advance(count: number): number {
    const from = this.#at;
    this.progress += count;
    this.#at += count * (this.#elements?.element.size ?? 0);
    return from;
  }
}

/** One side of a copy that waits for the other. */
export interface CopySide {
  /** The component instance that it is of; undefined for the embedder. */
  readonly state: ComponentState | undefined;
  readonly buffer: CopyBuffer;
  /** Some elements were copied, and it may go on being copied until it is told; `release` ends that. */
  readonly progressed: (release: () => void) => void;
  readonly ended: (result: number) => void;
}

/** What the two ends of a stream or a future have in common. */
export abstract class SharedCopy {
  /** The plan's index of the type of the stream or future. */
  readonly type: number;
  /** Whether elements may be copied within one component instance. */
  readonly #isPlain: boolean;
  protected pending: CopySide | undefined;
  protected isDropped = false;
  /** Called when somebody reads and nobody writes, where the embedder writes. */
  whenRead: (() => void) | undefined;
  /** Called when an end is dropped. */
  readonly whenDropped: (() => void)[] = [];

  constructor(type: number, isPlain: boolean) {
    this.type = type;
    this.#isPlain = isPlain;
  }

  abstract read(reader: CopySide): void;
  abstract write(writer: CopySide): void;

  /** Whether a copy waits, of which nothing was told yet and which is not this one. */
  hasWaiting(but: CopySide | undefined): boolean {
    return this.pending !== undefined && this.pending !== but && this.pending.buffer.remaining > 0;
  }

  /** Whether the embedder writes it, and more may come. */
  get isEmbedders(): boolean {
    return this.whenRead !== undefined && !this.isDropped;
  }

  /** Whether somebody waits for the first element of a read. */
  get isRead(): boolean {
    return this.pending !== undefined && this.pending.buffer.progress === 0 && this.pending.buffer.remaining > 0;
  }

  /** Ends a copy that waits, if it still does. */
  cancel(side: CopySide | undefined): void {
    if (side !== undefined && this.pending === side) this.settle(COPY.cancelled);
  }

  /** One end is dropped. */
  drop(): void {
    if (this.isDropped) return;
    this.isDropped = true;
    if (this.pending !== undefined) this.settle(COPY.dropped);
    for (const told of this.whenDropped) told();
  }

  protected waitForWriter(reader: CopySide): void {
    this.pending = reader;
    this.whenRead?.();
  }

  protected move(count: number, from: CopySide, to: CopySide): void {
    const items = from.buffer.read(count, to.buffer.isEmbedders);
    to.buffer.write(count, items, from.buffer.isEmbedders);
  }

  protected settle(result: number): void {
    const side = this.pending;
    this.pending = undefined;
    side?.ended(result);
  }

  protected refuseWithin(one: CopySide, other: CopySide): void {
    if (one.state !== undefined && one.state === other.state && !this.#isPlain) {
      trap("reads from and writes to one stream or future itself, of elements other than numbers");
    }
  }
}

/** A stream between two guests: any number of elements. */
export class SharedStream extends SharedCopy {
  read(reader: CopySide): void {
    if (this.isDropped) return reader.ended(COPY.dropped);
    const writer = this.pending;
    if (writer === undefined) {
      this.waitForWriter(reader);
      return;
    }
    this.refuseWithin(reader, writer);
    if (writer.buffer.remaining === 0) {
      this.settle(COPY.completed);
      this.waitForWriter(reader);
      return;
    }
    if (reader.buffer.remaining > 0) this.#copy(writer, reader, writer);
    reader.ended(COPY.completed);
  }

  write(writer: CopySide): void {
    if (this.isDropped) return writer.ended(COPY.dropped);
    const reader = this.pending;
    if (reader === undefined) {
      this.pending = writer;
      return;
    }
    this.refuseWithin(writer, reader);
    if (reader.buffer.remaining > 0) {
      if (writer.buffer.remaining > 0) this.#copy(writer, reader, reader);
      writer.ended(COPY.completed);
    } else if (writer.buffer.isEmpty && reader.buffer.isEmpty) {
      writer.ended(COPY.completed);
    } else {
      this.settle(COPY.completed);
      this.pending = writer;
    }
  }

  #copy(writer: CopySide, reader: CopySide, waiting: CopySide): void {
    const count = Math.min(writer.buffer.remaining, reader.buffer.remaining);
    this.move(count, writer, reader);
    waiting.progressed(() => {
      if (this.pending === waiting) this.pending = undefined;
    });
  }
}

/** A future between two guests: one element. */
export class SharedFuture extends SharedCopy {
  read(reader: CopySide): void {
    const writer = this.pending;
    if (writer === undefined) {
      this.waitForWriter(reader);
      return;
    }
    this.refuseWithin(reader, writer);
    this.move(1, writer, reader);
    this.settle(COPY.completed);
    reader.ended(COPY.completed);
  }

  write(writer: CopySide): void {
    if (this.isDropped) return writer.ended(COPY.dropped);
    const reader = this.pending;
    if (reader === undefined) {
      this.pending = writer;
      return;
    }
    this.refuseWithin(writer, reader);
    this.move(1, writer, reader);
    this.settle(COPY.completed);
    writer.ended(COPY.completed);
  }
}

/** One end of a stream or future, in the table of a component instance: `CopyEnd` of the Canonical ABI. */
export abstract class CopyEnd extends Waitable {
  readonly shared: SharedCopy;
  copying: "idle" | "sync" | "async" | "cancelling" | "done" = "idle";
  /** The read or write that was begun last. */
  side: CopySide | undefined;

  constructor(shared: SharedCopy) {
    super();
    this.shared = shared;
  }

  get isCopying(): boolean {
    return this.copying !== "idle" && this.copying !== "done";
  }

  assertType(type: number): void {
    if (this.shared.type !== type) trap("used a stream or future as one of another type");
  }

  drop(): void {
    if (this.isCopying) trap("dropped an end of a stream or future while something is copied");
    this.shared.drop();
    this.join(undefined);
  }
}

/** The end that elements come from. */
export class ReadableEnd extends CopyEnd {
  assertTransferable(type: number): void {
    this.assertType(type);
    if (this.copying !== "idle") trap("handed over the end of a stream or future that is in use or done");
    if (this.set !== undefined) trap("handed over the end of a stream or future that is in a waitable set");
  }
}

/** The end that elements go into. */
export class WritableEnd extends CopyEnd {
  override drop(): void {
    if (this.shared instanceof SharedFuture && this.copying !== "done") {
      trap("dropped the writable end of a future that was not written");
    }
    super.drop();
  }
}
