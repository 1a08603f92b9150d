import { ByteReader } from "../../shared/byte-reader.ts";
import { readSections, SECTION } from "../read/module-sections.ts";
import { readShape } from "../read/module-shape.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { PositionLog } from "./position-log.ts";

/** A body in a code section, from the beginning of its module on, in bytes. */
interface BodyRange {
  readonly start: number;
  readonly size: number;
}

/**
 * Where the instructions of a hardened module were before, as bytes: how many functions are imported, how many bodies there are, and for
 * each its start before and after, and what each pass noted of it, the last first.
 *
 * @param module As it was.
 * @param hardened What was made of it.
 * @param passes The logs of those that wrote bodies anew, in the order in which they did.
 */
export function encodePositions(module: Uint8Array, hardened: Uint8Array, passes: readonly PositionLog[]): Uint8Array {
  const [before, after] = [bodiesOf(module), bodiesOf(hardened)];
  const logs = passes.map((log) => new ByteReader(log.view())).toReversed();
  const out = new ByteWriter(logs.reduce((sum, log) => sum + log.remaining, 64 + before.length * 8));
  out.u32(readShape(readSections(module)).importedFunctions);
  out.u32(before.length);
  out.u32(logs.length);
  let [lastBefore, lastAfter] = [0, 0];
  for (const [index, { start }] of before.entries()) {
    const written = after[index] ?? { start: lastAfter, size: 0 };
    out.u32(start - lastBefore);
    out.u32(written.start - lastAfter);
    out.u32(written.size);
    for (const log of logs) {
      const noted = log.remaining === 0 ? new Uint8Array() : log.bytes(log.u32());
      out.u32(noted.length);
      out.copy(noted);
    }
    [lastBefore, lastAfter] = [start, written.start];
  }
  return out.view().slice();
}

function bodiesOf(module: Uint8Array): readonly BodyRange[] {
  const code = readSections(module).find(({ id }) => id === SECTION.code)?.content;
  if (code === undefined) return [];
  const base = code.byteOffset - module.byteOffset;
  const reader = new ByteReader(code);
  return Array.from({ length: reader.count() }, () => {
    const size = reader.u32();
    const start = base + reader.offset;
    reader.skip(size);
    return { start, size };
  });
}
