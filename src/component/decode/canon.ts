import type { ByteReader } from "../../shared/byte-reader.ts";
import { skipValueType } from "./core-type.ts";
import type { Decoding } from "./decoding.ts";
import type { Frame, FunctionType } from "./entities.ts";
import { missing } from "./entities.ts";
import { readResult } from "./value-type.ts";

/** What follows the opcode of a built-in. */
type Immediate =
  | "async" // a flag: 0x00 or 0x01
  | "byte" // reserved, or `cancellable`
  | "core-index"
  | "core-type"
  | "function"
  | "options"
  | "results"
  | "type"
  | "zero";

/**
 * The built-ins that define core functions, with their immediates
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#canonical-definitions).
 */
const BUILT_INS: ReadonlyMap<number, readonly Immediate[]> = new Map<number, readonly Immediate[]>([
  [0x01, ["zero", "function", "options"]], // lower
  [0x02, ["type"]], // resource.new
  [0x03, ["type"]], // resource.drop
  [0x04, ["type"]], // resource.rep
  [0x05, []], // task.cancel
  [0x06, ["async"]], // subtask.cancel
  [0x07, ["type"]], // resource.drop async
  [0x08, []], // backpressure.set
  [0x09, ["results", "options"]], // task.return
  [0x0a, ["core-type", "core-index"]], // context.get
  [0x0b, ["core-type", "core-index"]], // context.set
  [0x0c, ["byte"]], // thread.yield
  [0x0d, []], // subtask.drop
  [0x0e, ["type"]], // stream.new
  [0x0f, ["type", "options"]], // stream.read
  [0x10, ["type", "options"]], // stream.write
  [0x11, ["type", "async"]], // stream.cancel-read
  [0x12, ["type", "async"]], // stream.cancel-write
  [0x13, ["type"]], // stream.drop-readable
  [0x14, ["type"]], // stream.drop-writable
  [0x15, ["type"]], // future.new
  [0x16, ["type", "options"]], // future.read
  [0x17, ["type", "options"]], // future.write
  [0x18, ["type", "async"]], // future.cancel-read
  [0x19, ["type", "async"]], // future.cancel-write
  [0x1a, ["type"]], // future.drop-readable
  [0x1b, ["type"]], // future.drop-writable
  [0x1c, ["options"]], // error-context.new
  [0x1d, ["options"]], // error-context.debug-message
  [0x1e, []], // error-context.drop
  [0x1f, []], // waitable-set.new
  [0x20, ["byte", "core-index"]], // waitable-set.wait
  [0x21, ["byte", "core-index"]], // waitable-set.poll
  [0x22, []], // waitable-set.drop
  [0x23, []], // waitable.join
  [0x24, []], // backpressure.inc
  [0x25, []], // backpressure.dec
  [0x26, []], // thread.index
  [0x27, ["core-index", "core-index"]], // thread.new-indirect
  [0x28, []], // thread.resume-later
  [0x29, ["byte"]], // thread.suspend
  [0x2a, ["byte"]], // thread.suspend-then-resume
  [0x2b, ["byte"]], // thread.yield-then-resume
  [0x2c, ["byte"]], // thread.suspend-then-promote
  [0x2d, ["byte"]], // thread.yield-then-promote
  [0x2e, ["type"]], // stream.forward
  [0x2f, ["type"]], // future.forward
  [0x40, ["core-index"]], // thread.spawn-ref
  [0x41, ["core-index", "core-index"]], // thread.spawn-indirect
  [0x42, []], // thread.available-parallelism
]);

/** The built-ins that run to their end at once: lower, and new, drop and rep of resources. */
const SYNCHRONOUS: ReadonlySet<number> = new Set([0x01, 0x02, 0x03, 0x04]);
/** Options that only asynchronous functions have: async, callback. */
const ASYNC_OPTIONS: ReadonlySet<number> = new Set([0x06, 0x07]);
/** Options that carry the index of a core definition: memory, realloc, post-return, callback, core type. */
const INDEXED_OPTIONS: ReadonlySet<number> = new Set([0x03, 0x04, 0x05, 0x07, 0x08]);
/** Options that stand alone: the three string encodings, async, gc. */
const PLAIN_OPTIONS: ReadonlySet<number> = new Set([0x00, 0x01, 0x02, 0x06, 0x09]);

/** Reads one canonical definition. Returns the type of the function that a `lift` defines; all others define core functions. */
export function readCanon(decoding: Decoding, frame: Frame, reader: ByteReader): FunctionType | undefined {
  const start = reader.offset;
  const opcode = reader.u8();
  if (opcode === 0x00) {
    readImmediate(decoding, frame, reader, "zero");
    readImmediate(decoding, frame, reader, "core-index");
    readImmediate(decoding, frame, reader, "options");
    const type = frame.type(reader.u32(), reader);
    if (type.sort !== "function") return reader.fail("a lifted function has a type that is not a function's", start);
    if (type.async) decoding.asynchronous = true;
    return type;
  }
  const immediates = BUILT_INS.get(opcode);
  if (immediates === undefined) {
    return reader.fail(`the canonical definition 0x${opcode.toString(16)} is unknown`, start);
  }
  if (!SYNCHRONOUS.has(opcode)) decoding.asynchronous = true;
  for (const immediate of immediates) readImmediate(decoding, frame, reader, immediate);
  return undefined;
}

function readImmediate(decoding: Decoding, frame: Frame, reader: ByteReader, immediate: Immediate): void {
  const start = reader.offset;
  switch (immediate) {
    case "zero":
      if (reader.u8() !== 0x00) reader.fail("a canonical definition does not have the sort of a function", start);
      break;
    case "async":
    case "byte":
      if (reader.u8() > 0x01) reader.fail("a flag is neither 0 nor 1", start);
      break;
    case "core-index":
      reader.u32();
      break;
    case "core-type":
      skipValueType(reader);
      break;
    case "type":
      frame.type(reader.u32(), reader);
      break;
    case "function": {
      const index = reader.u32();
      const type = frame.functions[index] ?? missing(reader, "function", index);
      if (type.async) decoding.asynchronous = true;
      break;
    }
    case "results":
      readResult(frame, reader);
      break;
    case "options":
      for (let left = decoding.elements(reader); left > 0; left -= 1) {
        const option = reader.u8();
        if (ASYNC_OPTIONS.has(option)) decoding.asynchronous = true;
        if (INDEXED_OPTIONS.has(option)) reader.u32();
        else if (!PLAIN_OPTIONS.has(option))
          reader.fail(`the canonical option 0x${option.toString(16)} is unknown`, start);
      }
      break;
  }
}
