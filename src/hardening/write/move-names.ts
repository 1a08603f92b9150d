import { ByteReader, MalformedError } from "../../shared/byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Shift } from "./shift-globals.ts";

/** Subsections of the name section: the names of locals, and of globals. */
const [LOCAL_NAMES, GLOBAL_NAMES] = [2, 7];

/** A local that lies behind all others now. */
export interface MovedLocal {
  readonly from: number;
  readonly to: number;
}

/** The name section, after its own name, with the names of globals and of locals where they belong now. */
export function moveNames(content: Uint8Array, shift: Shift, moved: ReadonlyMap<number, MovedLocal>): Uint8Array {
  try {
    return moveAll(content, shift, moved);
  } catch (thrown) {
    // Engines do not read it, so it may hold anything.
    if (thrown instanceof MalformedError) return content;
    throw thrown;
  }
}

function moveAll(content: Uint8Array, shift: Shift, moved: ReadonlyMap<number, MovedLocal>): Uint8Array {
  const reader = new ByteReader(content);
  const out = new ByteWriter(content.length + 16);
  while (reader.remaining > 0) {
    const id = reader.u8();
    const sub = reader.sub(reader.u32());
    const part = new ByteWriter(sub.remaining + 16);
    if (id === GLOBAL_NAMES) copyNames(sub, part, shift);
    if (id === LOCAL_NAMES && moved.size > 0) {
      const count = sub.count();
      part.u32(count);
      for (let left = count; left > 0; left -= 1) {
        const fn = sub.u32();
        part.u32(fn);
        copyLocalNames(sub, part, moved.get(fn));
      }
    }
    part.copy(content, sub.offset, sub.end);
    out.u8(id);
    out.u32(part.length);
    out.copy(part.view());
  }
  return out.view();
}

/** Names are in the order of their indices, so the one that is moved comes last. */
function copyLocalNames(reader: ByteReader, out: ByteWriter, moved: MovedLocal | undefined): void {
  const count = reader.count();
  out.u32(count);
  const last = new ByteWriter(64);
  for (let left = count; left > 0; left -= 1) {
    const index = reader.u32();
    const isMoved = index === moved?.from;
    const to = isMoved ? last : out;
    to.u32(isMoved ? moved.to : index);
    copyName(reader, to);
  }
  out.copy(last.view());
}

function copyNames(reader: ByteReader, out: ByteWriter, shift: Shift): void {
  const count = reader.count();
  out.u32(count);
  for (let left = count; left > 0; left -= 1) {
    out.u32(shift(reader.u32()));
    copyName(reader, out);
  }
}

function copyName(reader: ByteReader, out: ByteWriter): void {
  const start = reader.offset;
  reader.skip(reader.u32());
  out.copy(reader.source, start, reader.offset);
}
