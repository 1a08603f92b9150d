import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../test/support/wasm-tools.ts";

// Spells out component binaries for tests, the malformed ones too.

/** A component's first eight bytes. */
export const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
/** The largest count there is. */
export const HUGE_COUNT: readonly number[] = [0xff, 0xff, 0xff, 0xff, 0x0f];

/** An unsigned integer in LEB128. */
export function u32(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u32(value >>> 7)];
}

/** A section with its header. */
export function section(id: number, ...content: number[]): number[] {
  return [id, ...u32(content.length), ...content];
}

/** A component of sections. */
export function component(...sections: number[][]): Uint8Array {
  return Uint8Array.from([...PREAMBLE, ...sections.flat()]);
}

/** A name with its length. */
export function name(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...u32(bytes.length), ...bytes];
}

test("spells a component as wasm-tools does", async () => {
  const spelt = component(section(7, 1, 0x70, 0x7d), section(10, 1, 0, ...name("r"), 3, 1));
  assert.deepEqual(spelt, await parse(`(component (type (list u8)) (import "r" (type (sub resource))))`));
  assert.deepEqual(u32(624_485), [0xe5, 0x8e, 0x26]);
});
