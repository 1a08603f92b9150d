import type { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import type { StringEncoding } from "../../shared/plan/plan.ts";
import type { Decoding } from "./decoding.ts";
import type {
  CancelBuiltIn,
  CanonDefinition,
  CanonOptionsDefinition,
  CopyBuiltIn,
  EndBuiltIn,
  PlainBuiltIn,
  ThreadBuiltIn,
} from "./definitions.ts";
import { readResult } from "./types.ts";

/** The most options that one definition has. */
const MAX_OPTIONS = 10;

const ENCODINGS: readonly StringEncoding[] = ["utf8", "utf16", "latin1+utf16"];

/** Built-ins that have nothing but their opcode. */
const PLAIN: Readonly<Record<number, PlainBuiltIn>> = {
  0x05: "task.cancel",
  0x0d: "subtask.drop",
  0x1e: "error-context.drop",
  0x1f: "waitable-set.new",
  0x22: "waitable-set.drop",
  0x23: "waitable.join",
  0x24: "backpressure.inc",
  0x25: "backpressure.dec",
};

/** Built-ins that name a stream's or a future's type. */
const OF_TYPE: Readonly<Record<number, EndBuiltIn>> = {
  0x0e: "stream.new",
  0x13: "stream.drop-readable",
  0x14: "stream.drop-writable",
  0x15: "future.new",
  0x1a: "future.drop-readable",
  0x1b: "future.drop-writable",
};

const COPIES: Readonly<Record<number, CopyBuiltIn>> = {
  0x0f: "stream.read",
  0x10: "stream.write",
  0x16: "future.read",
  0x17: "future.write",
};

const CANCELS: Readonly<Record<number, CancelBuiltIn>> = {
  0x11: "stream.cancel-read",
  0x12: "stream.cancel-write",
  0x18: "future.cancel-read",
  0x19: "future.cancel-write",
};

/** Built-ins of threads, and what follows their opcode. */
const THREADS: Readonly<Record<number, readonly [name: ThreadBuiltIn, ...immediates: ("zero" | "type" | "table")[]]>> =
  {
    0x26: ["thread.index"],
    0x27: ["thread.new-indirect", "type", "table"],
    0x28: ["thread.resume-later"],
    0x29: ["thread.suspend", "zero"],
    0x2a: ["thread.suspend-then-resume", "zero"],
    0x2b: ["thread.yield-then-resume", "zero"],
    0x2c: ["thread.suspend-then-promote", "zero"],
    0x2d: ["thread.yield-then-promote", "zero"],
    0x40: ["thread.spawn-ref", "type"],
    0x41: ["thread.spawn-indirect", "type", "table"],
    0x42: ["thread.available-parallelism"],
  };

/**
 * Reads one canonical definition
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#canonical-definitions).
 *
 * @throws CordonError `unsupported` for options of garbage-collected values.
 */
export function readCanon(decoding: Decoding, reader: ByteReader): CanonDefinition {
  const start = reader.offset;
  const opcode = reader.u8();
  if (opcode > 0x04) decoding.asynchronous = true;
  switch (opcode) {
    case 0x00: {
      readZero(reader, "a canonical definition does not have the sort of a function");
      const core = reader.u32();
      return { kind: "lift", core, options: readOptions(decoding, reader), type: reader.u32() };
    }
    case 0x01:
      readZero(reader, "a canonical definition does not have the sort of a function");
      return { kind: "lower", function: reader.u32(), options: readOptions(decoding, reader) };
    case 0x02:
      return { kind: "resource.new", resource: reader.u32() };
    case 0x03:
      return { kind: "resource.drop", resource: reader.u32() };
    case 0x04:
      return { kind: "resource.rep", resource: reader.u32() };
    case 0x06:
      return { kind: "subtask.cancel", async: readFlag(reader) };
    case 0x09:
      return { kind: "task.return", result: readResult(reader), options: readOptions(decoding, reader) };
    case 0x0a:
    case 0x0b:
      return {
        kind: opcode === 0x0a ? "context.get" : "context.set",
        type: readContextType(reader),
        slot: reader.u32(),
      };
    case 0x0c:
      readNotCancellable(reader);
      return { kind: "thread.yield" };
    case 0x1c:
    case 0x1d:
      return {
        kind: opcode === 0x1c ? "error-context.new" : "error-context.debug-message",
        options: readOptions(decoding, reader),
      };
    case 0x20:
    case 0x21:
      readNotCancellable(reader);
      return { kind: opcode === 0x20 ? "waitable-set.wait" : "waitable-set.poll", memory: reader.u32() };
    default:
      return readOther(decoding, reader, opcode, start);
  }
}

function readOther(decoding: Decoding, reader: ByteReader, opcode: number, start: number): CanonDefinition {
  const plain = PLAIN[opcode];
  if (plain !== undefined) return { kind: plain };
  const ofType = OF_TYPE[opcode];
  if (ofType !== undefined) return { kind: ofType, type: reader.u32() };
  const copy = COPIES[opcode];
  if (copy !== undefined) return { kind: copy, type: reader.u32(), options: readOptions(decoding, reader) };
  const cancel = CANCELS[opcode];
  if (cancel !== undefined) return { kind: cancel, type: reader.u32(), async: readFlag(reader) };
  const thread = THREADS[opcode];
  if (thread === undefined) {
    return reader.fail(`the canonical definition 0x${opcode.toString(16)} is unknown`, start);
  }
  const [name, ...immediates] = thread;
  const indices: { type?: number; table?: number } = {};
  for (const immediate of immediates) {
    if (immediate === "zero") readNotCancellable(reader);
    else indices[immediate] = reader.u32();
  }
  return { kind: "thread", name, ...indices };
}

function readZero(reader: ByteReader, problem: string): void {
  const start = reader.offset;
  if (reader.u8() !== 0x00) reader.fail(problem, start);
}

/** The option `cancellable` of built-ins that wait was withdrawn from the specification; what has it is refused by name. */
function readNotCancellable(reader: ByteReader): void {
  const start = reader.offset;
  if (!readFlag(reader)) return;
  throw new CordonError(
    "unsupported",
    `Cannot decode the component: it waits with the option cancellable, at byte ${start}, which was withdrawn; build it with newer tools.`,
  );
}

function readFlag(reader: ByteReader): boolean {
  const start = reader.offset;
  const flag = reader.u8();
  return flag > 0x01 ? reader.fail("a flag is neither 0 nor 1", start) : flag === 0x01;
}

function readContextType(reader: ByteReader): "i32" | "i64" {
  const start = reader.offset;
  const code = reader.u8();
  if (code === 0x7f) return "i32";
  return code === 0x7e ? "i64" : reader.fail("a slot of the context is neither i32 nor i64", start);
}

function readOptions(decoding: Decoding, reader: ByteReader): CanonOptionsDefinition {
  const start = reader.offset;
  const encodings: StringEncoding[] = [];
  const memory: number[] = [];
  const realloc: number[] = [];
  const postReturn: number[] = [];
  const callback: number[] = [];
  let async = 0;
  const count = decoding.elements(reader);
  if (count > MAX_OPTIONS) reader.fail(`more than ${MAX_OPTIONS} canonical options`, start);
  for (let left = count; left > 0; left -= 1) {
    const at = reader.offset;
    const option = reader.u8();
    switch (option) {
      case 0x00:
      case 0x01:
      case 0x02:
        encodings.push(ENCODINGS[option] ?? "utf8");
        break;
      case 0x03:
        memory.push(reader.u32());
        break;
      case 0x04:
        realloc.push(reader.u32());
        break;
      case 0x05:
        postReturn.push(reader.u32());
        break;
      case 0x06:
        async += 1;
        break;
      case 0x07:
        callback.push(reader.u32());
        break;
      case 0x08:
      case 0x09:
        throw unsupportedCollected(at);
      default:
        reader.fail(`the canonical option 0x${option.toString(16)} is unknown`, at);
    }
  }
  if (async > 0) decoding.asynchronous = true;
  return { encodings, memory, realloc, postReturn, callback, async };
}

function unsupportedCollected(offset: number): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot decode the component: it passes values of the garbage-collected kind (canonical option gc or core-type), at byte ${offset}; build it to pass them through linear memory.`,
  );
}
