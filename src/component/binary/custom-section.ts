import type { ByteReader } from "../../shared/byte-reader.ts";
import type { Decoding } from "./decoding.ts";

const PRODUCERS = "producers";
/** The longest name of a section that is read; engines have the same bound. */
const MAX_NAME_BYTES = 100_000;

/**
 * Reads a custom section after its header: `producers`
 * (https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md) is kept, all others are left alone.
 */
export function readCustomSection(decoding: Decoding, section: ByteReader): void {
  const name = section.name(MAX_NAME_BYTES);
  decoding.charge(name.length >>> 5);
  if (name !== PRODUCERS) return;
  for (let fields = decoding.elements(section); fields > 0; fields -= 1) {
    const field = decoding.anyName(section);
    for (let values = decoding.elements(section); values > 0; values -= 1) {
      const producer = { field, name: decoding.anyName(section), version: decoding.anyName(section) };
      decoding.producers.set(JSON.stringify([producer.field, producer.name, producer.version]), producer);
    }
  }
}
