import { ByteReader, MalformedError } from "../../shared/byte-reader.ts";
import { SECTION, type Section } from "../read/module-sections.ts";

/** Subsections of the name section that the engine reads for the stack of a trap. */
const [MODULE_NAME, FUNCTION_NAMES] = [0, 1];

/** The longest name of a module or a function, in bytes: the engine makes a text of it for each frame. */
const MAX_NAME_BYTES = 4_096;

/** The most bytes of names: the engine reads all of them when a stack is made, on the thread of other guests. */
const MAX_NAMES_BYTES = 16 * 1024 * 1024;

const NAME = Buffer.from("name");

/** The sections without name sections that a guest could have the engine spend time and memory on when it traps. */
export function boundNames(sections: readonly Section[]): readonly Section[] {
  return sections.filter((section) => !isNames(section) || isBounded(section.content));
}

function isNames({ id, content }: Section): boolean {
  return id === SECTION.custom && content[0] === NAME.length && NAME.equals(content.subarray(1, 1 + NAME.length));
}

function isBounded(content: Uint8Array): boolean {
  if (content.length > MAX_NAMES_BYTES) return false;
  try {
    const reader = new ByteReader(content, 1 + NAME.length);
    while (reader.remaining > 0) {
      const id = reader.u8();
      const sub = reader.sub(reader.u32());
      if (id === MODULE_NAME && sub.u32() > MAX_NAME_BYTES) return false;
      if (id === FUNCTION_NAMES && !areShort(sub)) return false;
    }
    return true;
  } catch (thrown) {
    if (thrown instanceof MalformedError) return false;
    throw thrown;
  }
}

function areShort(reader: ByteReader): boolean {
  for (let left = reader.count(); left > 0; left -= 1) {
    reader.u32();
    const length = reader.u32();
    if (length > MAX_NAME_BYTES) return false;
    reader.skip(length);
  }
  return true;
}
