import { ByteReader } from "../../shared/byte-reader.ts";
import { unsignedLeb128 } from "../write/leb128.ts";
import { readMemoryType, writeMemoryType } from "../read/memory-type.ts";
import { readSections, SECTION, wellFormed, writeSections } from "../read/module-sections.ts";

/**
 * Lowers the maximum of every memory a core module defines to `maxPages` pages of 64 KiB. For modules that Cordon itself
 * instantiates without choosing their imports; guests go through `hardenModule`.
 */
export function capMemories(module: Uint8Array, maxPages: number): Uint8Array {
  const sections = readSections(module).map((section) =>
    section.id === SECTION.memory ? { ...section, content: capped(section.content, maxPages) } : section,
  );
  return writeSections(sections);
}

function capped(content: Uint8Array, maxPages: number): Uint8Array {
  return wellFormed(() => {
    const reader = new ByteReader(content);
    const count = reader.count();
    const memories = Array.from({ length: count }, () => readMemoryType(reader)).map((memory) =>
      writeMemoryType({ ...memory, maximumPages: Math.min(memory.maximumPages ?? maxPages, maxPages) }),
    );
    return Buffer.concat([unsignedLeb128(count), ...memories]);
  });
}
