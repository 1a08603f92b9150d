import type { ByteReader } from "../../shared/byte-reader.ts";
import type { Decoding } from "./decoding.ts";

const CORE_PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const PRODUCERS = "producers";

/**
 * Reads a custom section after its header: `producers`
 * (https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md) is kept, all others are left alone.
 */
export function readCustomSection(decoding: Decoding, section: ByteReader): void {
  const length = section.u32();
  const name = section.sub(length);
  // Names of other sections are not decoded: they may be long, and mean nothing here.
  if (length !== PRODUCERS.length || name.utf8(length) !== PRODUCERS) return;
  for (let fields = decoding.elements(section); fields > 0; fields -= 1) {
    const field = decoding.anyName(section);
    for (let values = decoding.elements(section); values > 0; values -= 1) {
      const producer = { field, name: decoding.anyName(section), version: decoding.anyName(section) };
      decoding.producers.set(JSON.stringify([producer.field, producer.name, producer.version]), producer);
    }
  }
}

/** Notes where a core module lies, and reads its custom sections; what else is in it is for the engine to validate. */
export function readCoreModule(decoding: Decoding, module: ByteReader): void {
  decoding.count("coreModules");
  decoding.modules.push({ offset: module.offset, size: module.remaining });
  const start = module.offset;
  for (const byte of CORE_PREAMBLE) {
    if (module.u8() !== byte) module.fail("the preamble is not a core module's", start);
  }
  while (module.remaining > 0) {
    decoding.charge(1);
    const id = module.u8();
    const section = module.sub(module.u32());
    if (id === 0) readCustomSection(decoding, section);
  }
}
