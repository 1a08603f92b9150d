import { ByteReader } from "../../shared/byte-reader.ts";
import { readExpression } from "./constant-expression.ts";
import { MAX_NAME_BYTES } from "./import-section.ts";
import { type Section, SECTION } from "./module-sections.ts";
import { OPCODE } from "./opcodes.ts";
import { readElements } from "./element-section.ts";
import { readTable } from "./table-section.ts";
import { skipValueType } from "./type-section.ts";

const FUNCTION_KIND = 0x00;

/** The functions of a module that can be called other than by name. */
export interface ReferencedFunctions {
  /** In a table, started, or referred to. */
  readonly referenced: ReadonlySet<number>;
  readonly exported: ReadonlySet<number>;
}

/**
 * Finds the functions that can be called other than by name. Code can refer to those only that are named outside of it, too (core
 * specification 3.4.10), so the code itself need not be read.
 */
export function referencedFunctions(sections: readonly Section[]): ReferencedFunctions {
  const found = new Set<number>();
  const exported = new Set<number>();
  const expression = (reader: ByteReader): void =>
    readExpression(reader, ({ opcode, first }) => {
      if (opcode === OPCODE.refFunc) found.add(first);
    });
  for (const { id, content } of sections) {
    const reader = new ByteReader(content);
    switch (id) {
      case SECTION.start:
        found.add(reader.u32());
        break;
      case SECTION.export:
        for (let left = reader.count(); left > 0; left -= 1) {
          reader.name(MAX_NAME_BYTES);
          const kind = reader.u8();
          const index = reader.u32();
          if (kind === FUNCTION_KIND) exported.add(index);
        }
        break;
      case SECTION.global:
        for (let left = reader.count(); left > 0; left -= 1) {
          skipValueType(reader);
          reader.u8();
          expression(reader);
        }
        break;
      case SECTION.table:
        for (let left = reader.count(); left > 0; left -= 1) {
          const { initializer } = readTable(reader);
          if (initializer[0] < initializer[1]) expression(new ByteReader(content, ...initializer));
        }
        break;
      case SECTION.element:
        for (let left = reader.count(); left > 0; left -= 1) {
          readElements(reader, { offset: expression, element: expression, index: (index) => found.add(index) });
        }
        break;
      default:
    }
  }
  return { referenced: found, exported };
}
