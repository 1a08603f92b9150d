import type { CoreType } from "../../shared/plan/plan.ts";
import { type Codec, memoryOf } from "./codec.ts";
import type { LiftContext, LowerContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import { decodeText, type GuestText, MAX_STRING_BYTES, textExtent } from "./guest-text.ts";
import { STRING_BYTES } from "./host-bytes.ts";
import { lowerText } from "./lower-text.ts";
import type { Pointers } from "./pointers.ts";
import { trap } from "./trap.ts";

/** Strings: an address and a length in code units. */
export class TextCodec implements Codec {
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly hostBytes: number = STRING_BYTES;
  readonly steps = 2;
  readonly #pointers: Pointers;

  constructor(pointers: Pointers) {
    this.#pointers = pointers;
    this.size = 2 * pointers.size;
    this.align = pointers.size;
    this.flat = [pointers.flat, pointers.flat];
  }

  load(context: LiftContext, at: number): unknown {
    const { load, size } = this.#pointers;
    const { view } = memoryOf(context);
    return this.#text(context, load(view, at), load(view, at + size));
  }

  store(context: LowerContext, value: unknown, at: number): void {
    const { store, size, tag } = this.#pointers;
    const stored = lowerText(context, value as string | GuestText, tag);
    const { view } = memoryOf(context);
    store(view, at, stored.at);
    store(view, at + size, stored.codeUnits);
  }

  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    const { of } = this.#pointers;
    return this.#text(context, of(values[from] ?? 0), of(values[from + 1] ?? 0));
  }

  lower(context: LowerContext, value: unknown, values: CoreValue[]): void {
    const { toCore, tag } = this.#pointers;
    const stored = lowerText(context, value as string | GuestText, tag);
    values.push(toCore(stored.at), toCore(stored.codeUnits));
  }

  /** A string where it lies in memory. */
  view(context: LiftContext, at: number, tagged: number): GuestText {
    const { encoding, codeUnits, byteLength, align } = textExtent(context.encoding, tagged, this.#pointers.tag);
    if (byteLength > MAX_STRING_BYTES) trap(`passed a string of more than ${MAX_STRING_BYTES} bytes`);
    const memory = memoryOf(context);
    memory.check(at, byteLength, align);
    const bytes = memory.bytes.subarray(at, at + byteLength);
    return { bytes, encoding, isEither: context.encoding === "latin1+utf16", codeUnits };
  }

  #text(context: LiftContext, at: number, tagged: number): string | GuestText {
    const found = this.view(context, at, tagged);
    if (context.receiver === "guest") return found;
    const { bytes, encoding } = found;
    const byteLength = bytes.length;
    const { charges } = context;
    charges.copy(byteLength);
    const text = decodeText(charges, bytes, encoding);
    // One character that is not of Latin 1 makes all of them take two bytes, and copies of them more than the guest's.
    if (encoding !== "utf16" && text.length < byteLength && 2 * text.length > byteLength) charges.copy(2 * text.length);
    return text;
  }
}
