import { unsignedLeb128 } from "../../hardening/write/leb128.ts";
import { ByteWriter } from "../../hardening/write/byte-writer.ts";
import { InstructionCursor } from "../../hardening/read/instruction-cursor.ts";
import { readSections, SECTION, type Section, writeSections } from "../../hardening/read/module-sections.ts";
import { OPCODE, PREFIXED } from "../../hardening/read/opcodes.ts";
import { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import type { CoreModuleRange } from "../binary/decoding.ts";

/** The name of the section that fills a hollow module up. */
const FILLER_NAME = "cordon:hollow";

/** What is left out, the code aside. Tags are known to the code only, unless they are imported or exported. */
const LEFT_OUT: ReadonlySet<number> = new Set([SECTION.custom, SECTION.data, SECTION.dataCount, SECTION.tag]);

/** Instructions by which functions reach one another: calls, references, and what changes tables. */
const REACHING: ReadonlySet<number> = new Set([
  OPCODE.call,
  OPCODE.callIndirect,
  OPCODE.returnCall,
  OPCODE.returnCallIndirect,
  OPCODE.callRef,
  OPCODE.returnCallRef,
  OPCODE.refFunc,
  OPCODE.tableSet,
  PREFIXED.tableInit,
  PREFIXED.tableCopy,
  PREFIXED.tableGrow,
  PREFIXED.tableFill,
]);

/** A component without the code of its core modules. */
export interface Hollowed {
  readonly component: Uint8Array;
  /**
   * What a module that came out of transpiling was before: the module itself where it was not hollow. With the index of its range, unless
   * the transpiler made it.
   *
   * @throws CordonError `host` for a hollow one that was changed on the way.
   */
  readonly filled: (module: Uint8Array) => { readonly whole: Uint8Array; readonly index: number | undefined };
}

/**
 * Leaves the core modules of a component only what transpiling looks at: how they are linked, and which functions call which, to know
 * what may be suspended. In place: each keeps its length, so that nothing around it changes. Transpiling validates all the code it is
 * given, which takes it 0.7 s for a component of 12 MB, and knows less than the engine does, by whose word what is left out is valid
 * when it is hardened. Modules that cannot be read stay as they are, for it to say why.
 */
export function hollowed(component: Uint8Array, ranges: readonly CoreModuleRange[]): Hollowed {
  const copy = new Uint8Array(component);
  const known: { readonly given: Uint8Array; readonly whole: Uint8Array }[] = [];
  for (const [index, { offset, size }] of ranges.entries()) {
    const whole = component.subarray(offset, offset + size);
    const given = hollowOf(whole, index) ?? whole;
    copy.set(given, offset);
    known.push({ given, whole });
  }
  const filled: Hollowed["filled"] = (module) => {
    const index = known.findIndex(({ given }) => Buffer.compare(given, module) === 0);
    const found = known[index];
    if (found !== undefined) return { whole: found.whole, index };
    // What the transpiler made itself is neither.
    if (readSections(module).some(isFiller)) throw new CordonError("host", "The transpiler changed a core module");
    return { whole: module, index: undefined };
  };
  return { component: copy, filled };
}

/** A module of the same length that is linked in the same way, if there can be one. No two are the same. */
function hollowOf(module: Uint8Array, index: number): Uint8Array | undefined {
  let written: Uint8Array;
  try {
    const sections = readSections(module);
    // One that the component brought itself stays in it.
    if (sections.some(isFiller)) return undefined;
    written = writeSections(sections.flatMap((section) => emptied(section)));
  } catch {
    return undefined;
  }
  const content = [...nameOf(FILLER_NAME), ...unsignedLeb128(index)];
  const contentBytes = module.length - written.length - 1 - SIZE_BYTES;
  if (contentBytes < content.length) return undefined;
  const hollow = new Uint8Array(module.length);
  hollow.set(written);
  hollow.set([SECTION.custom, ...paddedSize(contentBytes), ...content], written.length);
  return hollow;
}

function emptied({ id, content }: Section): readonly Section[] {
  if (id !== SECTION.code) return LEFT_OUT.has(id) ? [] : [{ id, content }];
  const out = new ByteWriter(content.length >> 2);
  const cursor = new InstructionCursor(content);
  const reader = new ByteReader(content);
  const count = reader.count();
  out.u32(count);
  for (let left = count; left > 0; left -= 1) {
    const size = reader.u32();
    const start = reader.offset;
    reader.skip(size);
    cursor.seek(start, reader.offset);
    const body = out.beginSized();
    writeReaching(cursor, content, out);
    out.endSized(body);
  }
  return [{ id, content: out.view() }];
}

/** Writes a body without locals of what reaches other functions. It is valid, as after each `unreachable` any operands are there. */
function writeReaching(cursor: InstructionCursor, code: Uint8Array, out: ByteWriter): void {
  cursor.locals();
  out.u8(0);
  while (!cursor.isAtEnd) {
    cursor.straight();
    if (cursor.isAtEnd) break;
    cursor.next();
    if (!REACHING.has(cursor.opcode)) continue;
    out.u8(OPCODE.unreachable);
    out.copy(code, cursor.start, cursor.position);
  }
  out.u8(OPCODE.unreachable);
  out.u8(OPCODE.end);
}

function isFiller({ id, content }: Section): boolean {
  const name = nameOf(FILLER_NAME);
  return id === SECTION.custom && name.every((byte, at) => content[at] === byte);
}

function nameOf(text: string): readonly number[] {
  return [text.length, ...Buffer.from(text, "latin1")];
}

/** A size is written in as many bytes whatever it is, so that the section fills exactly what is left. */
const SIZE_BYTES = 5;

function paddedSize(size: number): readonly number[] {
  return Array.from({ length: SIZE_BYTES }, (_, at) => {
    const low = Math.floor(size / 0x80 ** at) % 0x80;
    return at === SIZE_BYTES - 1 ? low : low | 0x80;
  });
}
