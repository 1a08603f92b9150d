import { ByteReader } from "../../shared/byte-reader.ts";
import { BRANCH_HINTS } from "./branch-hints.ts";
import { ByteWriter } from "./byte-writer.ts";
import { contentOf, customName, extended, placed } from "./instrument.ts";
import type { PositionLog } from "./position-log.ts";
import { InstructionCursor } from "../read/instruction-cursor.ts";
import { IMMEDIATE, IMMEDIATE_OF } from "../read/instruction-table.ts";
import { type ModuleShape, readShape } from "../read/module-shape.ts";
import { type Section, SECTION } from "../read/module-sections.ts";
import { OPCODE } from "../read/opcodes.ts";
import { exceptionTypes, type Signature, skipValueType } from "../read/type-section.ts";

const I32 = 0x7f;
const [I32_GT_U, I32_ADD, EMPTY, FUNCTION_FORM] = [0x4b, 0x6a, 0x40, 0x60];
/** A mutable i32 that begins at zero. */
const ZERO = Uint8Array.of(I32, 0x01, OPCODE.i32Const, 0x00, OPCODE.end);

/** Stands for where the outermost block of a function begins. */
const WHOLE = -1;

/** How many exceptions an instance may hold at once. */
const MAX_HELD = 512;

/** A function's body in the code section. */
interface FunctionBody {
  readonly code: Uint8Array;
  /** Where it begins, after its size. */
  readonly start: number;
  readonly end: number;
  readonly signature: Signature;
}

/** What is known of a body that handles exceptions. */
interface Handlers {
  /** How many exceptions a frame of it can hold at once. */
  readonly held: number;
  /** Where the blocks begin that a try_table's catches go to; {@link WHOLE} for the function itself. */
  readonly targets: ReadonlySet<number>;
}

/** A module in which the exceptions that are held are counted. */
export interface CountedExceptions {
  readonly sections: readonly Section[];
  /** Whether its code can hold any. */
  readonly holds: boolean;
}

/**
 * Has a module count the exceptions that its frames hold, and trap where there are too many. They live on the engine's heap, which no cap
 * of a call counts, as long as something on the stack refers to them: a local or an operand of type exnref, or a `catch` that has not come
 * to its end, from which they could be thrown again. The module has to be valid, and to have passed `refuseExceptions`.
 *
 * A global tells how many are held. A function with handlers notes it in a local when it is entered. At each handler it is set to that, and
 * to as many more as the function's own frame can hold: whatever was called from there, and left by the exception, holds none any more. A
 * function that can hold any sets it back when it returns, for which its body becomes a block. So the global is never below what is held.
 *
 * @param operands The most operands at once, of each body that handles exceptions, by its position in the code section.
 * @param positions Told of every body what is copied where. Default: nobody is.
 */
export function countHeldExceptions(
  sections: readonly Section[],
  operands: ReadonlyMap<number, number>,
  positions?: PositionLog,
): CountedExceptions {
  const shape = readShape(sections);
  const code = sections.find(({ id }) => id === SECTION.code)?.content;
  if (code === undefined) return { sections, holds: false };
  const reader = new ByteReader(code);
  const bodies = Array.from({ length: reader.count() }, (_, index) => {
    const size = reader.u32();
    const start = reader.offset;
    reader.skip(size);
    const signature = shape.types.signature(shape.functionTypes[index] ?? 0);
    const body = { code, start, end: reader.offset, signature };
    const highest = operands.get(index);
    return { body, handlers: highest === undefined ? undefined : findHandlers(body, shape, highest) };
  });
  if (!bodies.some(({ handlers }) => handlers !== undefined && handlers.held > 0)) return { sections, holds: false };
  const blocks = new BlockTypes(shape.types.count);
  const out = new ByteWriter(code.length + (code.length >> 3) + 64);
  out.u32(bodies.length);
  for (const { body, handlers } of bodies) {
    positions?.begin();
    if (handlers === undefined) {
      out.u32(body.end - body.start);
      out.copy(code, body.start, body.end);
      positions?.end();
      continue;
    }
    const sized = out.beginSized();
    const counting = { global: shape.globals, blockType: blocks.of(body.signature), positions };
    new CountingWriter(body, handlers, counting, out).write();
    positions?.end();
    out.endSized(sized);
  }
  const replaced = new Map<number, Uint8Array>([
    [SECTION.type, extended(contentOf(sections, SECTION.type), blocks.made)],
    [SECTION.global, extended(contentOf(sections, SECTION.global), [ZERO])],
    [SECTION.code, out.view()],
  ]);
  const kept = sections
    // They name places in bodies.
    .filter((section) => customName(section) !== BRANCH_HINTS)
    .map(({ id, content }) => ({ id, content: (id === SECTION.custom ? undefined : replaced.get(id)) ?? content }));
  return { sections: placed(kept, replaced, undefined), holds: true };
}

/** What handlers there are in a body with so many operands at most; undefined when there are none. */
function findHandlers(
  { code, start, end, signature }: FunctionBody,
  shape: ModuleShape,
  highest: number,
): Handlers | undefined {
  const { parameters } = signature;
  const cursor = new InstructionCursor(code, start, end);
  cursor.locals();
  const locals = exceptionLocals(code, start, parameters);
  /** Where each open block begins, and whether it is within a catch of its own. */
  const open: { at: number; catches: boolean }[] = [{ at: WHOLE, catches: false }];
  const targets = new Set<number>();
  let [nested, deepest, slots] = [0, 0, 0];
  let [handles, keeps] = [false, false];
  while (open.length > 0) {
    cursor.straight(undefined, locals.size === 0 ? undefined : 0);
    cursor.next();
    const { opcode } = cursor;
    const frame = open.at(-1);
    switch (opcode) {
      case OPCODE.catch:
      case OPCODE.catchAll:
        handles = true;
        if (frame !== undefined && !frame.catches) {
          frame.catches = true;
          nested += 1;
          deepest = Math.max(deepest, nested);
        }
        break;
      case OPCODE.end:
      case OPCODE.delegate:
        if (frame?.catches === true) nested -= 1;
        open.pop();
        break;
      case OPCODE.tryTable: {
        for (let index = 0; index < cursor.labelCount; index += 1) {
          handles = true;
          targets.add(open.at(-1 - (cursor.labels[index] ?? 0))?.at ?? WHOLE);
        }
        keeps ||= cursor.keepsCaught;
        break;
      }
      case OPCODE.localGet:
        if (locals.has(cursor.first)) slots += 1;
        break;
      default:
    }
    if (IMMEDIATE_OF[opcode] === IMMEDIATE.blockType || opcode === OPCODE.tryTable) {
      slots += exceptionsOfBlock(code, cursor.typeAt, shape);
      open.push({ at: cursor.start, catches: false });
    }
  }
  if (!handles) return undefined;
  return { held: deepest + (keeps ? locals.size + Math.min(slots, highest) : 0), targets };
}

/** The locals of a body that hold references to exceptions. */
function exceptionLocals(code: Uint8Array, start: number, parameters: number): ReadonlySet<number> {
  const reader = new ByteReader(code, start);
  const found = new Set<number>();
  let next = parameters;
  for (let groups = reader.count(); groups > 0; groups -= 1) {
    const count = reader.u32();
    const typeAt = reader.offset;
    skipValueType(reader);
    if (exceptionTypes(code.subarray(typeAt, reader.offset)) > 0) {
      for (let local = next; local < next + count; local += 1) found.add(local);
    }
    next += count;
  }
  return found;
}

/** How many references to exceptions a block takes and leaves. */
function exceptionsOfBlock(code: Uint8Array, typeAt: number, shape: ModuleShape): number {
  const first = code[typeAt] ?? 0;
  if (first === EMPTY) return 0;
  const reader = new ByteReader(code, typeAt);
  if (first > EMPTY && first < 0x80) {
    skipValueType(reader);
    return exceptionTypes(code.subarray(typeAt, reader.offset));
  }
  const { parameterBytes, resultBytes } = shape.types.signature(reader.s33());
  return exceptionTypes(parameterBytes) + exceptionTypes(resultBytes);
}

/** Types of blocks that leave what functions of a type do. */
class BlockTypes {
  readonly made: Uint8Array[] = [];
  readonly #first: number;
  readonly #known: Map<string, Uint8Array> = new Map();

  constructor(first: number) {
    this.#first = first;
  }

  /** The encoding of a block's type. */
  of({ results, resultBytes }: Signature): Uint8Array {
    if (results === 0) return Uint8Array.of(EMPTY);
    if (results === 1) return resultBytes;
    const key = Buffer.from(resultBytes).toString("latin1");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const [type, encoded] = [new ByteWriter(), new ByteWriter(8)];
    type.u8(FUNCTION_FORM);
    type.u8(0);
    type.u32(results);
    type.copy(resultBytes);
    encoded.signed(this.#first + this.made.length);
    this.made.push(type.view());
    this.#known.set(key, encoded.view());
    return encoded.view();
  }
}

/** What a body is written with. */
interface Counting {
  /** The global that tells how many exceptions are held. */
  readonly global: number;
  /** The type of a block that leaves what the function does. */
  readonly blockType: Uint8Array;
  readonly positions: PositionLog | undefined;
}

/** Writes a body that handles exceptions anew. */
class CountingWriter {
  readonly #body: FunctionBody;
  readonly #handlers: Handlers;
  readonly #counting: Counting;
  readonly #out: ByteWriter;
  /** Where the body begins in it. */
  readonly #bodyAt: number;
  readonly #cursor: InstructionCursor;
  /** The local that notes how many exceptions others held when the function was entered. */
  readonly #noted: number;
  /** Whether the global has to be set back when the function returns. */
  readonly #restores: boolean;
  /** Up to where the body is written. */
  #written: number;

  constructor(body: FunctionBody, handlers: Handlers, counting: Counting, out: ByteWriter) {
    this.#body = body;
    this.#handlers = handlers;
    this.#counting = counting;
    this.#out = out;
    this.#bodyAt = out.length;
    this.#cursor = new InstructionCursor(body.code, body.start, body.end);
    this.#noted = body.signature.parameters + this.#cursor.locals();
    this.#written = this.#cursor.position;
    this.#restores = handlers.held > 0 || handlers.targets.has(WHOLE);
  }

  write(): void {
    const [out, cursor] = [this.#out, this.#cursor];
    this.#locals();
    this.#instruction(OPCODE.globalGet, this.#counting.global);
    this.#instruction(OPCODE.localSet, this.#noted);
    if (this.#restores) {
      out.u8(OPCODE.block);
      out.copy(this.#counting.blockType);
    }
    /** For each open block, whether handlers begin behind its end. */
    const open: boolean[] = [false];
    while (open.length > 0) {
      cursor.straight();
      cursor.next();
      const { opcode } = cursor;
      const isTarget = this.#handlers.targets.has(cursor.start);
      if (IMMEDIATE_OF[opcode] === IMMEDIATE.blockType || opcode === OPCODE.tryTable) {
        open.push(isTarget && opcode !== OPCODE.loop);
        if (isTarget && opcode === OPCODE.loop) this.#handler();
      } else if (opcode === OPCODE.catch || opcode === OPCODE.catchAll) {
        this.#handler();
      } else if (opcode === OPCODE.end || opcode === OPCODE.delegate) {
        if (open.pop() === true) this.#handler();
      } else if (this.#restores && LEAVES.has(opcode)) {
        this.#copyTo(cursor.start);
        this.#restore();
      }
    }
    this.#copyTo(this.#body.end);
    if (!this.#restores) return;
    this.#restore();
    out.u8(OPCODE.end);
  }

  /** One local more. */
  #locals(): void {
    const { code, start } = this.#body;
    const reader = new ByteReader(code, start);
    this.#out.u32(reader.u32() + 1);
    this.#out.copy(code, reader.offset, this.#written);
    this.#out.u8(1);
    this.#out.u8(I32);
  }

  /** Behind the instruction that was read, where a handler begins. */
  #handler(): void {
    const out = this.#out;
    const { held } = this.#handlers;
    this.#copyTo(this.#cursor.position);
    if (held === 0) {
      this.#restore();
      return;
    }
    this.#instruction(OPCODE.localGet, this.#noted);
    this.#constant(held);
    out.u8(I32_ADD);
    this.#instruction(OPCODE.globalSet, this.#counting.global);
    this.#instruction(OPCODE.globalGet, this.#counting.global);
    this.#constant(MAX_HELD);
    out.u8(I32_GT_U);
    out.u8(OPCODE.if);
    out.u8(EMPTY);
    out.u8(OPCODE.unreachable);
    out.u8(OPCODE.end);
  }

  #restore(): void {
    this.#instruction(OPCODE.localGet, this.#noted);
    this.#instruction(OPCODE.globalSet, this.#counting.global);
  }

  #instruction(opcode: number, index: number): void {
    this.#out.u8(opcode);
    this.#out.u32(index);
  }

  #constant(value: number): void {
    this.#out.u8(OPCODE.i32Const);
    this.#out.signed(value);
  }

  #copyTo(position: number): void {
    const from = this.#written - this.#body.start;
    this.#counting.positions?.note(this.#out.length - this.#bodyAt, from, position - this.#written);
    this.#out.copy(this.#body.code, this.#written, position);
    this.#written = position;
  }
}

/** What leaves a function, other than to its own label. */
const LEAVES: ReadonlySet<number> = new Set([
  OPCODE.return,
  OPCODE.returnCall,
  OPCODE.returnCallIndirect,
  OPCODE.returnCallRef,
]);
