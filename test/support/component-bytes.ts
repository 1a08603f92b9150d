/** Spells out components and core modules as bytes, large ones too. See Binary.md of the component model, and core 5.5. */

import "./built-workers.ts";

/** An unsigned integer in LEB128. */
export function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}

/** A section with its header. */
export function sectionOf(id: number, ...content: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(content);
  return Buffer.concat([Uint8Array.of(id), leb128(bytes.length), bytes]);
}

/** A vector of `count` times the same item. */
export function repeated(count: number, ...item: readonly number[]): Uint8Array {
  return Buffer.concat([leb128(count), Buffer.alloc(count * item.length, Uint8Array.from(item))]);
}

export function componentOf(...sections: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00), ...sections]);
}

export function moduleOf(...sections: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00), ...sections]);
}

/** Ids of the sections of a component. */
export const COMPONENT_SECTION = {
  module: 1,
  coreInstance: 2,
  component: 4,
  instance: 5,
  type: 7,
  import: 10,
} as const;
