import { LazyBytes } from "../../host/io/lazy-bytes.ts";
import type { CoreType } from "../../shared/plan.ts";
import { type Codec, memoryOf } from "./codec.ts";
import type { LiftContext, LowerContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import type { Pointers } from "./pointers.ts";
import { BUFFER_BYTES, LIST_BYTES, MAP_ENTRY_BYTES, SLOT_BYTES } from "./host-bytes.ts";
import { trap } from "./trap.ts";

/** The most bytes that the elements of a list may have: `MAX_LIST_BYTE_LENGTH` of the Canonical ABI. */
const MAX_LIST_BYTES = 2 ** 28 - 1;

/**
 * The most entries of a map to the host whose keys are numbers. The engine's hash of these is the same everywhere, so that a guest can
 * choose keys which all collide: 10,000 of them take 0.8 s, and so on where the map is copied to.
 */
const MAX_NUMBERED = 2_048;

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
class GuestList {
  readonly #context: LiftContext;
  readonly #element: Codec;
  readonly #at: number;
  readonly length: number;

  constructor(context: LiftContext, element: Codec, at: number, length: number) {
    this.#context = context;
    this.#element = element;
    this.#at = at;
    this.length = length;
  }

  item(index: number): unknown {
    return this.#element.load(this.#context, this.#at + index * this.#element.size);
  }
}

/** The elements of a list that is of no fixed length: read from memory, and stored in it. */
export class Elements {
  readonly element: Codec;
  readonly #array: TypedArrayConstructor | undefined;

  /** @param kind The kind of the elements' type. */
  constructor(element: Codec, kind: string) {
    this.element = element;
    this.#array = ARRAY_OF.get(kind);
  }

  /** Reads a range that is within memory. */
  load(context: LiftContext, at: number, length: number): unknown {
    const { element } = this;
    const { bytes } = memoryOf(context);
    const size = length * element.size;
    if (this.#array !== undefined) {
      if (context.receiver === "guest") return bytes.subarray(at, at + size);
      context.charges.make(BUFFER_BYTES);
      context.charges.copy(size);
      return new this.#array(copyOf(bytes, at, size), 0, length);
    }
    if (context.receiver === "guest") return new GuestList(context, element, at, length);
    context.charges.make(LIST_BYTES + length * (SLOT_BYTES + element.hostBytes));
    const items: unknown[] = [];
    for (let index = 0; index < length; index += 1) items.push(element.load(context, at + index * element.size));
    return items;
  }

  /** Stores elements where there is room for them. */
  store(context: LowerContext, value: unknown, at: number): void {
    const { element } = this;
    if (ArrayBuffer.isView(value)) {
      const source = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      context.charges.work(source.length);
      memoryOf(context).bytes.set(source, at);
    } else if (value instanceof LazyBytes) {
      const { buffer } = memoryOf(context).bytes;
      if (value.pour(buffer as ArrayBuffer, at) < value.length) {
        throw new Error("a file became shorter while it was read");
      }
    } else if (value instanceof GuestList) {
      context.charges.work(value.length * element.size);
      for (let index = 0; index < value.length; index += 1) {
        element.store(context, value.item(index), at + index * element.size);
      }
    } else {
      const items = value as readonly unknown[];
      for (let index = 0; index < items.length; index += 1) {
        element.store(context, items[index], at + index * element.size);
      }
    }
  }

  /** How many there are in what was lifted or what the host has. */
  countOf(value: unknown): number {
    if (ArrayBuffer.isView(value)) return value.byteLength / this.element.size;
    return (value as { readonly length: number }).length;
  }
}

function copyOf(bytes: Uint8Array, at: number, size: number): ArrayBuffer {
  const copy = new Uint8Array(size);
  copy.set(bytes.subarray(at, at + size));
  return copy.buffer;
}

/** Lists: an address and a length in elements. */
export class ListCodec implements Codec {
  readonly hostBytes = 0;
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
    this.#elements.store(context, value, begin);
    return begin;
  }
}

/** Lists of a fixed length: their elements, one after the other. */
export class FixedListCodec implements Codec {
  readonly hostBytes: number;
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly #element: Codec;
  readonly #length: number;

  constructor(element: Codec, length: number, flat: readonly CoreType[]) {
    this.#element = element;
    this.#length = length;
    this.size = length * element.size;
    this.align = element.align;
    this.flat = flat;
    this.hostBytes = LIST_BYTES + length * (SLOT_BYTES + element.hostBytes);
  }

  load(context: LiftContext, at: number): unknown {
    return this.#items((index) => this.#element.load(context, at + index * this.#element.size));
  }

  store(context: LowerContext, value: unknown, at: number): void {
    const items = value as ArrayLike<unknown>;
    for (let index = 0; index < this.#length; index += 1) {
      this.#element.store(context, items[index], at + index * this.#element.size);
    }
  }

  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    const step = this.#element.flat.length;
    return this.#items((index) => this.#element.lift(context, values, from + index * step));
  }

  lower(context: LowerContext, value: unknown, values: CoreValue[]): void {
    const items = value as ArrayLike<unknown>;
    for (let index = 0; index < this.#length; index += 1) this.#element.lower(context, items[index], values);
  }

  #items(item: (index: number) => unknown): unknown[] {
    const items: unknown[] = [];
    for (let index = 0; index < this.#length; index += 1) items.push(item(index));
    return items;
  }
}

/** Maps: lists of pairs in memory, a `Map` to the host. A later entry of a key takes the place of the earlier. */
export class MapCodec implements Codec {
  readonly hostBytes = 0;
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
    return new Map(pairs);
  }
}

function entriesOf(value: unknown): unknown {
  return value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : value;
}
