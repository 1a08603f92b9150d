/** Core code of generated guests, as text: an allocator, and code that takes values apart and puts them together. */
import type { WitType } from "../../../src/shared/wit/wit.ts";
import { casesOf, type Core, discriminantSize, type Layout, type Pointer, partsOf } from "./layout.ts";
import { type Encoding, IMAGE_AT, MEMORY_BYTES } from "./memory-image.ts";
import { wastText } from "./wast-values.ts";

/** What a guest's `realloc` does. */
export const REALLOCS = ["allocates", "grows", "misaligned", "outside", "past the end", "traps", "at the end"] as const;
export type Realloc = (typeof REALLOCS)[number];

/** A module with a memory, what is in it, and functions that allocate of it. */
export function allocator(pointer: Pointer, image: Uint8Array, realloc: Realloc): string {
  const p = pointer;
  const index = p === "i64" ? "i64 " : "";
  const number = (value: number | string): string => `(${p}.const ${value})`;
  const begin = Math.ceil((IMAGE_AT + image.length) / 16) * 16;
  const allocated = `(call $alloc (local.get 2) (local.get 3))`;
  const answers: Readonly<Record<Realloc, string>> = {
    allocates: allocated,
    grows: `(if (${p}.eq (memory.grow ${number(1)}) ${number(-1)}) (then unreachable)) ${allocated}`,
    misaligned: `(${p}.add ${allocated} ${number(1)})`,
    outside: number(p === "i32" ? 0xffff_fff0 : "0x7ffffffffffffff0"),
    "past the end": `(${p}.mul (memory.size) ${number(65_536)})`,
    traps: "unreachable",
    "at the end": `(${p}.sub (${p}.mul (memory.size) ${number(65_536)}) (local.get 3))`,
  };
  return `(core module $libc
    (memory (export "mem") ${index}${MEMORY_BYTES / 65_536} 1000)
    (global $next (mut ${p}) ${number(begin)})
    (data ${number(IMAGE_AT)} ${wastText(image)})
    (func $alloc (export "alloc") (param $align ${p}) (param $size ${p}) (result ${p}) (local $at ${p})
      (local.set $at (${p}.and (${p}.add (global.get $next) (${p}.sub (local.get $align) ${number(1)})) (${p}.sub ${number(0)} (local.get $align))))
      (global.set $next (${p}.add (local.get $at) (local.get $size)))
      (block $enough (loop $grow
        (br_if $enough (${p}.le_u (global.get $next) (${p}.mul (memory.size) ${number(65_536)})))
        (if (${p}.eq (memory.grow ${number(1)}) ${number(-1)}) (then unreachable))
        (br $grow)))
      (local.get $at))
    (func (export "realloc") (param ${p} ${p} ${p} ${p}) (result ${p}) (local $at ${p})
      (local.set $at ${answers[realloc]})
      (if (${p}.ne (local.get 1) ${number(0)}) (then (memory.copy (local.get $at) (local.get 0)
        (select (local.get 1) (local.get 3) (${p}.lt_u (local.get 1) (local.get 3))))))
      (local.get $at)))
  (core instance $libc (instantiate $libc))`;
}

/** Functions that copy values of some types from one place in memory to another, with all that they point at. */
export class Copier {
  readonly #layout: Layout;
  readonly #encoding: Encoding;
  readonly #names = new Map<WitType, string>();
  readonly #functions: string[] = [];

  constructor(layout: Layout, encoding: Encoding) {
    this.#layout = layout;
    this.#encoding = encoding;
  }

  get functions(): string {
    return this.#functions.join("\n");
  }

  /** Code that copies a value; both addresses are code that gives them. */
  copy(type: WitType, from: string, to: string): string {
    let name = this.#names.get(type);
    if (name === undefined) {
      name = `$copy${this.#names.size}`;
      this.#names.set(type, name);
      const p = this.#layout.pointer;
      this.#functions.push(
        `(func ${name} (param $from ${p}) (param $to ${p}) (local $length ${p}) (local $bytes ${p}) (local $at ${p}) (local $index ${p})
          ${this.#body(type)})`,
      );
    }
    return `(call ${name} ${from} ${to})`;
  }

  #body(type: WitType): string {
    const cases = casesOf(type);
    const parts = partsOf(type);
    if (cases !== undefined) return this.#variant(cases);
    if (parts !== undefined) {
      const offsets = this.#layout.offsets(parts);
      return parts.map((part, index) => this.#inner(part, offsets[index] ?? 0)).join("\n");
    }
    if (type.kind === "string") return this.#text();
    if (type.kind === "list") return this.#list(type.element);
    return plain(this.#layout.size(type));
  }

  #inner(type: WitType, offset: number): string {
    return this.copy(type, this.#plus("$from", offset), this.#plus("$to", offset));
  }

  #plus(local: string, offset: number): string {
    const p = this.#layout.pointer;
    return offset === 0 ? `(local.get ${local})` : `(${p}.add (local.get ${local}) (${p}.const ${offset}))`;
  }

  #variant(cases: readonly (WitType | undefined)[]): string {
    const size = discriminantSize(cases.length);
    const load = `(${size === 1 ? "i32.load8_u" : size === 2 ? "i32.load16_u" : "i32.load"} (local.get $from))`;
    const at = this.#layout.payloadAt(cases);
    const branches = cases.map((one, index) =>
      one === undefined ? "" : `(if (i32.eq ${load} (i32.const ${index})) (then ${this.#inner(one, at)}))`,
    );
    return plain(size) + branches.join("\n");
  }

  /** Puts address and length of what was copied, of which `$length` and `$bytes` are set. */
  #move(align: number, fill: string): string {
    const { pointer: p, word } = this.#layout;
    return `(local.set $at (call $alloc (${p}.const ${align}) (local.get $bytes)))
      ${fill}
      (${p}.store (local.get $to) (local.get $at))
      (${p}.store offset=${word} (local.get $to) (local.get $length))`;
  }

  #text(): string {
    const { pointer: p, word } = this.#layout;
    const length = `(local.get $length)`;
    const tag = `(${p}.const ${p === "i32" ? "0x80000000" : "0x8000000000000000"})`;
    const twice = (of: string): string => `(${p}.shl ${of} (${p}.const 1))`;
    const bytes = {
      utf8: length,
      utf16: twice(length),
      "latin1+utf16": `(select ${twice(length)} ${length} (${p}.ne (${p}.and ${length} ${tag}) (${p}.const 0)))`,
    }[this.#encoding];
    return `(local.set $length (${p}.load offset=${word} (local.get $from)))
      (local.set $bytes ${bytes})
      ${this.#move(2, `(memory.copy (local.get $at) (${p}.load (local.get $from)) (local.get $bytes))`)}`;
  }

  #list(element: WitType): string {
    const { pointer: p, word } = this.#layout;
    const size = this.#layout.size(element);
    const place = (base: string): string => `(${p}.add ${base} (${p}.mul (local.get $index) (${p}.const ${size})))`;
    const each = this.copy(element, place(`(${p}.load (local.get $from))`), place("(local.get $at)"));
    return `(local.set $length (${p}.load offset=${word} (local.get $from)))
      (local.set $bytes (${p}.mul (local.get $length) (${p}.const ${size})))
      ${this.#move(
        this.#layout.align(element),
        `(block $done (loop $next
          (br_if $done (${p}.eq (local.get $index) (local.get $length)))
          ${each}
          (local.set $index (${p}.add (local.get $index) (${p}.const 1)))
          (br $next)))`,
      )}`;
  }
}

function plain(size: number): string {
  const [load, store] = (
    {
      1: ["i32.load8_u", "i32.store8"],
      2: ["i32.load16_u", "i32.store16"],
      4: ["i32.load", "i32.store"],
      8: ["i64.load", "i64.store"],
    } as Readonly<Record<number, readonly [string, string]>>
  )[size] ?? ["", ""];
  return `(${store} (local.get $to) (${load} (local.get $from)))\n`;
}

/** Code that stores a value which is in core values, each given by code, at an address in the local `$to`. */
export function storeFlat(layout: Layout, type: WitType, values: readonly string[], offset: number): string {
  const cases = casesOf(type);
  const parts = partsOf(type);
  if (cases !== undefined) {
    const size = discriminantSize(cases.length);
    const op = size === 1 ? "i32.store8" : size === 2 ? "i32.store16" : "i32.store";
    const joined = layout.flat(type);
    const branches = cases.map((one, index) => {
      if (one === undefined) return "";
      const own = layout.flat(one).map((want, at) => unjoined(values[at + 1] ?? "", joined[at + 1] ?? want, want));
      const stored = storeFlat(layout, one, own, offset + layout.payloadAt(cases));
      return `(if (i32.eq ${values[0] ?? ""} (i32.const ${index})) (then ${stored}))`;
    });
    return `(${op} offset=${offset} (local.get $to) ${values[0] ?? ""})\n${branches.join("\n")}`;
  }
  if (parts !== undefined) {
    const offsets = layout.offsets(parts);
    let from = 0;
    return parts
      .map((part, index) => {
        const count = layout.flat(part).length;
        const own = values.slice(from, from + count);
        from += count;
        return storeFlat(layout, part, own, offset + (offsets[index] ?? 0));
      })
      .join("\n");
  }
  if (type.kind === "string" || type.kind === "list") {
    return values
      .map((value, at) => `(${layout.pointer}.store offset=${offset + at * layout.word} (local.get $to) ${value})`)
      .join("\n");
  }
  const core = layout.flat(type)[0] ?? "i32";
  const size = layout.size(type);
  const narrow = size === 1 ? "8" : size === 2 ? "16" : "";
  return `(${core}.store${narrow} offset=${offset} (local.get $to) ${values[0] ?? ""})`;
}

/** A core value of a variant's case, of the one that the cases share. */
function unjoined(value: string, have: Core, want: Core): string {
  if (have === want) return value;
  const narrow = have === "i64" && want !== "f64" ? `(i32.wrap_i64 ${value})` : value;
  if (want === "f32") return `(f32.reinterpret_i32 ${narrow})`;
  return want === "f64" ? `(f64.reinterpret_i64 ${value})` : narrow;
}
