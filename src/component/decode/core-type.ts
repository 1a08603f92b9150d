import type { ByteReader } from "../../shared/byte-reader.ts";
import type { Decoding } from "./decoding.ts";

// Core types are walked for where they end; nothing of the component's interface depends on what they say.

/**
 * Walks a `core:type` of a component and returns how many core types it defines: one, or those of a recursion group
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#type-definitions).
 */
export function skipCoreType(decoding: Decoding, reader: ByteReader): number {
  const opcode = reader.peek();
  if (opcode === 0x50) {
    reader.u8();
    skipModuleType(decoding, reader);
    return 1;
  }
  if (opcode === 0x00) {
    // At this level 0x50 is a module type, so a non-final `sub` type is told apart by a zero before it.
    reader.u8();
    if (reader.peek() !== 0x50) reader.fail("a core type has an unknown form");
  }
  return skipRecursionGroup(decoding, reader);
}

function skipModuleType(decoding: Decoding, reader: ByteReader): void {
  for (let left = decoding.elements(reader); left > 0; left -= 1) {
    const start = reader.offset;
    switch (reader.u8()) {
      case 0x00:
        decoding.anyName(reader);
        decoding.anyName(reader);
        skipCoreExtern(reader);
        break;
      case 0x01:
        skipRecursionGroup(decoding, reader);
        break;
      case 0x02:
        if (reader.u8() !== 0x10 || reader.u8() !== 0x01)
          reader.fail("an alias of a module type is not of an outer type");
        reader.u32();
        reader.u32();
        break;
      case 0x03:
        decoding.anyName(reader);
        skipCoreExtern(reader);
        break;
      default:
        reader.fail("a declaration of a module type has an unknown form", start);
    }
  }
}

function skipCoreExtern(reader: ByteReader): void {
  const start = reader.offset;
  switch (reader.u8()) {
    case 0x00:
    case 0x20:
      reader.u32();
      break;
    case 0x01:
      skipValueType(reader);
      skipLimits(reader);
      break;
    case 0x02:
      skipLimits(reader);
      break;
    case 0x03:
      skipValueType(reader);
      reader.u8();
      break;
    case 0x04:
      reader.u8();
      reader.u32();
      break;
    default:
      reader.fail("a core import or export has an unknown kind", start);
  }
}

function skipLimits(reader: ByteReader): void {
  const start = reader.offset;
  const flags = reader.u8();
  if (flags > 0x0f) reader.fail("the limits of a memory or table have unknown flags", start);
  reader.u64();
  if (flags & 0x01) reader.u64();
  if (flags & 0x08) reader.u32();
}

function skipRecursionGroup(decoding: Decoding, reader: ByteReader): number {
  if (reader.peek() !== 0x4e) {
    skipSubtype(decoding, reader);
    return 1;
  }
  reader.u8();
  const count = decoding.elements(reader);
  for (let left = count; left > 0; left -= 1) skipSubtype(decoding, reader);
  return count;
}

function skipSubtype(decoding: Decoding, reader: ByteReader): void {
  const opcode = reader.peek();
  if (opcode === 0x50 || opcode === 0x4f) {
    reader.u8();
    for (let left = decoding.elements(reader); left > 0; left -= 1) reader.u32();
  }
  if (reader.peek() === 0x65) reader.u8();
  const start = reader.offset;
  switch (reader.u8()) {
    case 0x60:
      for (let left = decoding.elements(reader); left > 0; left -= 1) skipValueType(reader);
      for (let left = decoding.elements(reader); left > 0; left -= 1) skipValueType(reader);
      break;
    case 0x5f:
      for (let left = decoding.elements(reader); left > 0; left -= 1) skipField(reader);
      break;
    case 0x5e:
      skipField(reader);
      break;
    case 0x5d:
      reader.s33();
      break;
    default:
      reader.fail("a core type has an unknown form", start);
  }
}

function skipField(reader: ByteReader): void {
  const opcode = reader.peek();
  if (opcode === 0x78 || opcode === 0x77) reader.u8();
  else skipValueType(reader);
  reader.u8();
}

/** Walks a core value type or reference type. */
export function skipValueType(reader: ByteReader): void {
  const start = reader.offset;
  const opcode = reader.u8();
  if (opcode === 0x63 || opcode === 0x64) reader.s33();
  else if (opcode < 0x60 || opcode > 0x7f) reader.fail("a core value type is unknown", start);
}
