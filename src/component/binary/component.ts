import type { ByteReader } from "../../shared/byte-reader.ts";
import { readCanon } from "./canon.ts";
import { readCoreModule } from "./core-module.ts";
import { readCoreSort } from "./core-types.ts";
import { readCustomSection } from "./custom-section.ts";
import type { Decoding } from "./decoding.ts";
import type {
  ArgumentDefinition,
  BagExport,
  ComponentBinary,
  CoreArgumentDefinition,
  CoreExportDefinition,
  Definition,
} from "./definitions.ts";
import { readAlias, readExternName, readExternType, readSort, unsupportedValues } from "./externs.ts";
import { readCoreType, readType } from "./types.ts";

const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

/** Reads a component with all that is nested in it. */
export function readComponent(decoding: Decoding, reader: ByteReader): ComponentBinary {
  const { offset } = reader;
  for (const byte of PREAMBLE) {
    if (reader.u8() !== byte) reader.fail("the preamble is not a component's", offset);
  }
  const definitions: Definition[] = [];
  decoding.nested(() => {
    while (reader.remaining > 0) {
      decoding.charge(1);
      const id = reader.u8();
      const section = reader.sub(reader.u32());
      readSection(decoding, section, id, definitions);
      if (section.remaining > 0) section.fail("a section goes on after its end");
    }
  });
  return { offset, definitions };
}

/** What the sections that are vectors hold, by their id. */
const ENTRIES: Readonly<Record<number, (decoding: Decoding, reader: ByteReader, offset: number) => Definition>> = {
  2: readCoreInstance,
  3: (decoding, reader, offset) => ({ offset, kind: "core-type", type: readCoreType(decoding, reader) }),
  5: readInstance,
  6: (decoding, reader, offset) => ({ offset, kind: "alias", target: readAlias(decoding, reader) }),
  7: (decoding, reader, offset) => ({ offset, kind: "type", type: readType(decoding, reader) }),
  8: (decoding, reader, offset) => ({ offset, kind: "canon", canon: readCanon(decoding, reader) }),
  10: (decoding, reader, offset) => ({
    offset,
    kind: "import",
    name: readExternName(decoding, reader),
    type: readExternType(reader),
  }),
  11: readExport,
};

function readSection(decoding: Decoding, section: ByteReader, id: number, definitions: Definition[]): void {
  const { offset } = section;
  switch (id) {
    case 0:
      readCustomSection(decoding, section);
      section.skip(section.remaining);
      break;
    case 1:
      definitions.push({ offset, kind: "core-module", module: readCoreModule(decoding, section) });
      break;
    case 4:
      decoding.count("components");
      definitions.push({ offset, kind: "component", component: readComponent(decoding, section) });
      break;
    case 9:
      definitions.push(readStart(decoding, section, offset));
      break;
    case 12:
      throw unsupportedValues(offset);
    default: {
      const read = ENTRIES[id] ?? section.fail(`the section ${id} is unknown`);
      for (let left = decoding.elements(section); left > 0; left -= 1) {
        definitions.push(read(decoding, section, section.offset));
      }
    }
  }
}

function readCoreInstance(decoding: Decoding, reader: ByteReader, offset: number): Definition {
  const form = reader.u8();
  if (form > 0x01) reader.fail("a core instance has an unknown form", offset);
  if (form === 0x00) {
    const module = reader.u32();
    const args: CoreArgumentDefinition[] = [];
    for (let left = decoding.elements(reader); left > 0; left -= 1) {
      const name = decoding.anyName(reader);
      if (reader.u8() !== 0x12) reader.fail("an argument of a core module is not an instance", reader.offset - 1);
      args.push({ name, instance: reader.u32() });
    }
    return { offset, kind: "core-instantiate", module, arguments: args };
  }
  const exports: CoreExportDefinition[] = [];
  for (let left = decoding.elements(reader); left > 0; left -= 1) {
    exports.push({ name: decoding.anyName(reader), sort: readCoreSort(reader), index: reader.u32() });
  }
  return { offset, kind: "core-bag", exports };
}

function readInstance(decoding: Decoding, reader: ByteReader, offset: number): Definition {
  const form = reader.u8();
  if (form > 0x01) reader.fail("an instance has an unknown form", offset);
  if (form === 0x00) {
    const component = reader.u32();
    const args: ArgumentDefinition[] = [];
    for (let left = decoding.elements(reader); left > 0; left -= 1) {
      args.push({ name: decoding.anyName(reader), sort: readSort(reader), index: reader.u32() });
    }
    return { offset, kind: "instantiate", component, arguments: args };
  }
  const exports: BagExport[] = [];
  for (let left = decoding.elements(reader); left > 0; left -= 1) {
    exports.push({ name: readExternName(decoding, reader), sort: readSort(reader), index: reader.u32() });
  }
  return { offset, kind: "bag", exports };
}

function readExport(decoding: Decoding, reader: ByteReader, offset: number): Definition {
  const name = readExternName(decoding, reader);
  const sort = readSort(reader);
  const index = reader.u32();
  const start = reader.offset;
  const isAscribed = reader.u8();
  if (isAscribed > 0x01) reader.fail("an export's type is neither there nor left out", start);
  return {
    offset,
    kind: "export",
    name,
    sort,
    index,
    ascribed: isAscribed === 0x01 ? readExternType(reader) : undefined,
  };
}

function readStart(decoding: Decoding, reader: ByteReader, offset: number): Definition {
  const index = reader.u32();
  if (decoding.elements(reader) > 0 || reader.u32() > 0) throw unsupportedValues(offset);
  return { offset, kind: "start", function: index };
}
