import { ByteReader } from "../shared/byte-reader.ts";
import { CordonError } from "../shared/errors.ts";
import { SECTION, type Section, wellFormed } from "./module-sections.ts";

/**
 * The largest function body, in bytes. The engine's optimizing compiler takes hundreds of times a body's size, in threads
 * of the process that neither a memory cap nor a deadline reaches. A JavaScript engine's largest body has 170 KB.
 */
const MAX_BODY_BYTES = 1024 * 1024;

const FUNCTION_TYPE = 0x60;
const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;
/** First bytes of recursive groups, subtypes, arrays and structs. */
const COLLECTED: ReadonlySet<number> = new Set([0x4e, 0x4f, 0x50, 0x5e, 0x5f]);

/**
 * Refuses what would let a guest take memory that no cap counts: garbage-collected types, whose values live on the
 * engine's heap, and function bodies that are too large to compile within bounds.
 *
 * @throws CordonError `unsupported`, `limit`, or `invalid-component` when a section is malformed.
 */
export function refuseUnbounded(sections: readonly Section[]): void {
  for (const { id, content } of sections) {
    if (id === SECTION.type) wellFormed(() => checkTypes(content));
    if (id === SECTION.code) wellFormed(() => checkBodies(content));
  }
}

/** Reads a type section (core specification 5.5.4) of function types. */
function checkTypes(content: Uint8Array): void {
  const reader = new ByteReader(content);
  for (let left = reader.count(); left > 0; left -= 1) {
    const form = reader.u8();
    if (COLLECTED.has(form)) {
      throw new CordonError(
        "unsupported",
        "Cannot load the component: it uses garbage-collected types, which Cordon does not run; build it without",
      );
    }
    if (form !== FUNCTION_TYPE) reader.fail("a type of unknown form");
    skipValueTypes(reader);
    skipValueTypes(reader);
  }
  if (reader.remaining > 0) reader.fail("bytes after the last type");
}

function skipValueTypes(reader: ByteReader): void {
  for (let left = reader.count(); left > 0; left -= 1) {
    const code = reader.u8();
    if (code === NULLABLE_REFERENCE || code === REFERENCE) reader.s33();
  }
}

/** Reads a code section (core specification 5.5.13) as far as the sizes of its bodies. */
function checkBodies(content: Uint8Array): void {
  const reader = new ByteReader(content);
  for (let left = reader.count(); left > 0; left -= 1) {
    const size = reader.u32();
    if (size > MAX_BODY_BYTES) {
      throw new CordonError(
        "limit",
        `Cannot load the component: a function in it has ${size} bytes, over the bound of ${MAX_BODY_BYTES}; build it with smaller functions`,
        { limit: { limit: "complexity", cap: MAX_BODY_BYTES, used: size } },
      );
    }
    reader.skip(size);
  }
  if (reader.remaining > 0) reader.fail("bytes after the last function");
}
