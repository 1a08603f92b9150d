import type { ByteReader } from "../shared/byte-reader.ts";

/** What is called for an instruction that names a memory: `memory.size` or `memory.grow`, from `start` to `end`. */
export interface InstructionVisitor {
  readonly memorySize: (memory: number, start: number, end: number) => void;
  readonly memoryGrow: (memory: number, start: number, end: number) => void;
}

const EMPTY_TYPE = 0x40;
const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;
/** Set in the alignment of a memory argument that names its memory. */
const NAMES_MEMORY = 0x40;

/** The immediates of instructions of one byte (core specification 5.4), in the order in which they come. */
type Immediate = "index" | "block" | "integer" | "memory" | "f32" | "f64" | "heap";

const IMMEDIATES: ReadonlyMap<number, readonly Immediate[]> = new Map<number, readonly Immediate[]>([
  ...[0x02, 0x03, 0x04, 0x06].map((opcode) => [opcode, ["block"]] as const),
  ...[0x07, 0x08, 0x09, 0x0c, 0x0d, 0x10, 0x12, 0x14, 0x15, 0x18].map((opcode) => [opcode, ["index"]] as const),
  ...[0x11, 0x13].map((opcode) => [opcode, ["index", "index"]] as const),
  ...[0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26].map((opcode) => [opcode, ["index"]] as const),
  ...range(0x28, 0x3e).map((opcode) => [opcode, ["memory"]] as const),
  [0x41, ["integer"]],
  [0x42, ["integer"]],
  [0x43, ["f32"]],
  [0x44, ["f64"]],
  [0xd0, ["heap"]],
  ...[0xd2, 0xd5, 0xd6].map((opcode) => [opcode, ["index"]] as const),
  // Those that have none.
  ...[0x00, 0x01, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1a, 0x1b, 0xd1, 0xd3, 0xd4].map((opcode) => [opcode, []] as const),
  ...range(0x45, 0xc4).map((opcode) => [opcode, []] as const),
]);

/** How many indices the instructions after 0xfc have, from `i32.trunc_sat_f32_s` to `i64.mul_wide_u`. */
const MISCELLANEOUS: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 0, 0, 0, 0];

/**
 * Walks over the instructions of a function's body, which the engine has found valid, to its end. `reader` begins after the
 * body's size.
 *
 * @throws MalformedError for an instruction it does not know, those of garbage-collected types among them.
 */
export function walkInstructions(reader: ByteReader, visitor: InstructionVisitor): void {
  for (let left = reader.u32(); left > 0; left -= 1) {
    reader.u32();
    skipValueType(reader);
  }
  while (reader.remaining > 0) {
    const start = reader.offset;
    const opcode = reader.u8();
    const immediates = IMMEDIATES.get(opcode);
    if (immediates !== undefined) for (const immediate of immediates) skip(reader, immediate);
    else if (opcode === 0x3f) visitor.memorySize(reader.u32(), start, reader.offset);
    else if (opcode === 0x40) visitor.memoryGrow(reader.u32(), start, reader.offset);
    else skipOther(reader, opcode, start);
  }
}

function skip(reader: ByteReader, immediate: Immediate): void {
  switch (immediate) {
    case "index":
      reader.u32();
      break;
    case "block":
      if (reader.peek() === NULLABLE_REFERENCE || reader.peek() === REFERENCE) skipValueType(reader);
      else if (reader.peek() === EMPTY_TYPE) reader.skip(1);
      else reader.s33();
      break;
    case "integer":
      while (reader.u8() >= 0x80);
      break;
    case "memory":
      if ((reader.u32() & NAMES_MEMORY) !== 0) reader.u32();
      reader.u64();
      break;
    case "f32":
      reader.skip(4);
      break;
    case "f64":
      reader.skip(8);
      break;
    case "heap":
      reader.s33();
      break;
  }
}

function skipOther(reader: ByteReader, opcode: number, start: number): void {
  switch (opcode) {
    case 0x0e:
      // br_table: the labels and the default.
      for (let left = reader.u32() + 1; left > 0; left -= 1) reader.u32();
      break;
    case 0x1c:
      for (let left = reader.u32(); left > 0; left -= 1) skipValueType(reader);
      break;
    case 0x1f:
      skipTryTable(reader);
      break;
    case 0xfc: {
      const indices = MISCELLANEOUS[reader.u32()] ?? reader.fail("an unknown instruction", start);
      for (let left = indices; left > 0; left -= 1) reader.u32();
      break;
    }
    case 0xfd:
      skipVector(reader, reader.u32());
      break;
    case 0xfe:
      // Only the fence names no memory.
      if (reader.u32() === 0x03) reader.skip(1);
      else skip(reader, "memory");
      break;
    default:
      reader.fail("an unknown instruction", start);
  }
}

function skipTryTable(reader: ByteReader): void {
  skip(reader, "block");
  for (let left = reader.u32(); left > 0; left -= 1) {
    const kind = reader.u8();
    // `catch` and `catch_ref` name a tag besides the label.
    if (kind < 0x02) reader.u32();
    reader.u32();
  }
}

/** The vector instructions (core specification 5.4.9), relaxed ones included. */
function skipVector(reader: ByteReader, opcode: number): void {
  const hasMemory = opcode <= 11 || (opcode >= 84 && opcode <= 93);
  const hasLane = (opcode >= 21 && opcode <= 34) || (opcode >= 84 && opcode <= 91);
  if (hasMemory) skip(reader, "memory");
  if (hasLane) reader.skip(1);
  if (opcode === 12 || opcode === 13) reader.skip(16);
  if (opcode > 0x1ff) reader.fail("an unknown vector instruction");
}

function skipValueType(reader: ByteReader): void {
  const code = reader.u8();
  if (code === NULLABLE_REFERENCE || code === REFERENCE) reader.s33();
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_item, index) => first + index);
}
