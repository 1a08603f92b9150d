import assert from "node:assert/strict";
import { test } from "node:test";
import { sniff } from "./sniff.ts";

const text = (source: string): Uint8Array => new TextEncoder().encode(source);

for (const [what, bytes, expected] of [
  ["no bytes", new Uint8Array(), "empty"],
  ["a component's preamble", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), "component"],
  ["a core module's preamble", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), "core-module"],
  ["a component of another version", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0e, 0, 1, 0), "unknown"],
  ["a preamble cut short", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1), "unknown"],
  ["a module in text", text("(module)"), "text"],
  ["a component in text, after a comment", text(";; made by hand\n(component)\n"), "text"],
  ["a WIT file", text("package a:b;\n"), "text"],
  ["text with a byte order mark", text("\uFEFF(component)"), "text"],
  ["text whose sample ends inside a character", text(`${"a".repeat(511)}é`), "text"],
  ["an ELF file", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), "unknown"],
  ["bytes that are no text", Uint8Array.of(0xff, 0xfe, 0x41), "unknown"],
] as const) {
  test(`takes ${what} for ${expected}`, () => {
    assert.equal(sniff(bytes), expected);
  });
}
