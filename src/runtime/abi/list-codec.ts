import { LazyBytes } from "../../host/io/lazy-bytes.ts";
import type { CoreType } from "../../shared/plan/plan.ts";
import { type Codec, memoryOf } from "./codec.ts";
import type { LiftContext, LowerContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import type { Pointers } from "./pointers.ts";
import { BUFFER_BYTES, LIST_BYTES, MAP_ENTRY_BYTES, SLOT_BYTES } from "./host-bytes.ts";
import { trap } from "./trap.ts";
import { copyInRuns, inRuns, STEP_BYTES } from "./work.ts";

/** The most bytes that the elements of a list may have: `MAX_LIST_BYTE_LENGTH` of the Canonical ABI. */
const MAX_LIST_BYTES = 2 ** 28 - 1;

/**
 * The most entries of a map to the host whose keys are numbers. The engine's hash of these is the same everywhere, so that a guest can
 * choose keys which all collide: 10,000 of them take 0.8 s, and so on where the map is copied to.
 */
const MAX_NUMBERED = 2_048;

/** What an entry of a map takes to find its place, in values that are taken one by one. */
const ENTRY_STEPS = 4;

type NumberArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;
type TypedArray = NumberArray | BigUint64Array | BigInt64Array | Float32Array | Float64Array;
type TypedArrayConstructor = new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray;

/** The typed arrays that lists of numbers are to the host; they are little-endian wherever Node.js runs. */
const ARRAY_OF: ReadonlyMap<string, TypedArrayConstructor> = new Map<string, TypedArrayConstructor>([
  ["u8", Uint8Array],
  ["s8", Int8Array],
  ["u16", Uint16Array],
  ["s16", Int16Array],
  ["u32", Uint32Array],
  ["s32", Int32Array],
  ["u64", BigUint64Array],
  ["s64", BigInt64Array],
  ["f32", Float32Array],
  ["f64", Float64Array],
]);

/**
 * A list where it lies in a guest's memory, for another component to take. It is valid until the guest's code runs again.
 */
export class GuestList {
  readonly #context: LiftContext;
  readonly #element: Codec;
  readonly #at: number;
  readonly length: number;
  /** Whether its elements are numbers, which are stored as they lie there. */
  readonly isPlain: boolean;

  constructor(
    context: LiftContext,
    element: Codec,
    { at, length, isPlain }: { readonly at: number; readonly length: number; readonly isPlain: boolean },
  ) {
    this.#context = context;
    this.#element = element;
    this.#at = at;
    this.length = length;
    this.isPlain = isPlain;
  }

  get bytes(): Uint8Array {
    return memoryOf(this.#context).bytes.subarray(this.#at, this.#at + this.length * this.#element.size);
  }

  item(index: number): unknown {
    return this.#element.load(this.#context, this.#at + index * this.#element.size);
  }
}

/** The elements of a list: read from memory, and stored in it. */
export class Elements {
  readonly element: Codec;
  readonly #array: TypedArrayConstructor | undefined;
  /** What is charged for each. */
  readonly #work: number;

  /** @param kind The kind of the elements' type. */
  constructor(element: Codec, kind: string) {
    this.element = element;
    this.#array = ARRAY_OF.get(kind);
    this.#work = element.size + element.steps * STEP_BYTES;
  }

  /** Reads a range that is within memory. */
  load(context: LiftContext, at: number, length: number): unknown {
    if (context.receiver === "guest") return this.view(context, at, length);
    const { element } = this;
    if (this.#array !== undefined) {
      const size = length * element.size;
      context.charges.make(BUFFER_BYTES);
      context.charges.copy(size);
      const copy = new Uint8Array(size);
      copyInRuns(context.charges, memoryOf(context).bytes.subarray(at, at + size), copy, 0);
      return new this.#array(copy.buffer, 0, length);
    }
    context.charges.make(LIST_BYTES + length * (SLOT_BYTES + element.hostBytes));
    return this.items(context, at, length);
  }

  /** What another component takes. */
  view(context: LiftContext, at: number, length: number): unknown {
    return new GuestList(context, this.element, { at, length, isPlain: this.#array !== undefined });
  }

  /** Reads elements one by one, which are charged as work only. */
  items(context: LiftContext, at: number, length: number): unknown[] {
    const { element } = this;
    const items: unknown[] = [];
    inRuns(context.charges, length, this.#work, (from, to) => {
      for (let index = from; index < to; index += 1) items.push(element.load(context, at + index * element.size));
    });
    return items;
  }

  /** Stores elements where there is room for so many. */
  store(context: LowerContext, value: unknown, at: number, length: number): void {
    const { charges } = context;
    if (value instanceof GuestList && value.isPlain) {
      copyInRuns(charges, value.bytes, memoryOf(context).bytes, at);
    } else if (ArrayBuffer.isView(value) && value.byteLength === length * this.element.size) {
      const source = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      copyInRuns(charges, source, memoryOf(context).bytes, at);
    } else if (value instanceof LazyBytes) {
      const { buffer } = memoryOf(context).bytes;
      charges.work(value.length);
      if (value.pour(buffer as ArrayBuffer, at) < value.length) {
        throw new Error("a file became shorter while it was read");
      }
    } else {
      const { element } = this;
      inRuns(charges, length, this.#work, (from, to) => {
        for (let index = from; index < to; index += 1) {
          element.store(context, itemOf(value, index), at + index * element.size);
        }
      });
    }
  }

  /** How many there are in what was lifted or what the host has. */
  countOf(value: unknown): number {
    if (ArrayBuffer.isView(value)) return value.byteLength / this.element.size;
    return (value as { readonly length: number }).length;
  }
}

function itemOf(value: unknown, index: number): unknown {
  return value instanceof GuestList ? value.item(index) : (value as ArrayLike<unknown>)[index];
}

/** Lists: an address and a length in elements. */
export class ListCodec implements Codec {
  readonly hostBytes = 0;
  readonly steps = 2;
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly #pointers: Pointers;
  readonly #elements: Elements;

  constructor(pointers: Pointers, elements: Elements) {
    this.#pointers = pointers;
    this.#elements = elements;
    this.size = 2 * pointers.size;
    this.align = pointers.size;
    this.flat = [pointers.flat, pointers.flat];
  }

  load(context: LiftContext, at: number): unknown {
    const { load, size } = this.#pointers;
    const { view } = memoryOf(context);
    return this.#range(context, load(view, at), load(view, at + size));
  }

  store(context: LowerContext, value: unknown, at: number): void {
    const { store, size } = this.#pointers;
    const length = this.#elements.countOf(value);
    const begin = this.#place(context, value, length);
    const { view } = memoryOf(context);
    store(view, at, begin);
    store(view, at + size, length);
  }

  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    const { of } = this.#pointers;
    return this.#range(context, of(values[from] ?? 0), of(values[from + 1] ?? 0));
  }

  lower(context: LowerContext, value: unknown, values: CoreValue[]): void {
    const { toCore } = this.#pointers;
    const length = this.#elements.countOf(value);
    values.push(toCore(this.#place(context, value, length)), toCore(length));
  }

  #range(context: LiftContext, at: number, length: number): unknown {
    const { size, align } = this.#elements.element;
    if (length * size > MAX_LIST_BYTES) trap(`passed a list of more than ${MAX_LIST_BYTES} bytes`);
    memoryOf(context).check(at, length * size, align);
    return this.#elements.load(context, at, length);
  }

  #place(context: LowerContext, value: unknown, length: number): number {
    const { size, align } = this.#elements.element;
    const begin = context.realloc(0, 0, align, length * size);
    this.#elements.store(context, value, begin, length);
    return begin;
  }
}

/** Lists of a fixed length: their elements, one after the other. */
export class FixedListCodec implements Codec {
  readonly hostBytes: number;
  readonly steps = 2;
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly #elements: Elements;
  readonly #length: number;

  constructor(elements: Elements, length: number, flat: readonly CoreType[]) {
    const { element } = elements;
    this.#elements = elements;
    this.#length = length;
    this.size = length * element.size;
    this.align = element.align;
    this.flat = flat;
    this.hostBytes = LIST_BYTES + length * (SLOT_BYTES + element.hostBytes);
  }

  load(context: LiftContext, at: number): unknown {
    if (context.receiver === "guest") return this.#elements.view(context, at, this.#length);
    return this.#elements.items(context, at, this.#length);
  }

  store(context: LowerContext, value: unknown, at: number): void {
    this.#elements.store(context, value, at, this.#length);
  }

  /** There are no more elements than core values that a function takes. */
  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    const { element } = this.#elements;
    const items: unknown[] = [];
    for (let index = 0; index < this.#length; index += 1) {
      items.push(element.lift(context, values, from + index * element.flat.length));
    }
    return items;
  }

  lower(context: LowerContext, value: unknown, values: CoreValue[]): void {
    for (let index = 0; index < this.#length; index += 1) {
      this.#elements.element.lower(context, itemOf(value, index), values);
    }
  }
}

/** Maps: lists of pairs in memory, a `Map` to the host. A later entry of a key takes the place of the earlier. */
export class MapCodec implements Codec {
  readonly hostBytes = 0;
  readonly steps = 2;
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly #list: ListCodec;

  /** @param list The codec of a list of tuples of key and value. */
  constructor(list: ListCodec) {
    this.#list = list;
    this.size = list.size;
    this.align = list.align;
    this.flat = list.flat;
  }

  load(context: LiftContext, at: number): unknown {
    return this.#lifted(context, this.#list.load(context, at));
  }

  store(context: LowerContext, value: unknown, at: number): void {
    this.#list.store(context, entriesOf(value), at);
  }

  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    return this.#lifted(context, this.#list.lift(context, values, from));
  }

  lower(context: LowerContext, value: unknown, values: CoreValue[]): void {
    this.#list.lower(context, entriesOf(value), values);
  }

  #lifted(context: LiftContext, entries: unknown): unknown {
    if (context.receiver === "guest") return entries;
    const pairs = entries as readonly (readonly [unknown, unknown])[];
    if (pairs.length > MAX_NUMBERED && typeof pairs[0]?.[0] !== "string") {
      trap(`passed a map of ${pairs.length} entries by numbers to the host, which takes ${MAX_NUMBERED} at most`);
    }
    context.charges.make(LIST_BYTES + pairs.length * MAP_ENTRY_BYTES);
    const map = new Map<unknown, unknown>();
    inRuns(context.charges, pairs.length, ENTRY_STEPS * STEP_BYTES, (from, to) => {
      for (const [key, value] of pairs.slice(from, to)) map.set(key, value);
    });
    return map;
  }
}

function entriesOf(value: unknown): unknown {
  return value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : value;
}
