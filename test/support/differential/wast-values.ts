import { camelCase } from "../../../src/shared/wit/naming.ts";
import type { WitType } from "../../../src/shared/wit/wit.ts";
import { chosenCase } from "./random-values.ts";

/** A value as scripts of tests write it. */
export function wastValue(type: WitType, value: unknown): string {
  switch (type.kind) {
    case "bool":
      return `(bool.const ${String(value)})`;
    case "f32":
    case "f64":
      return `(${type.kind}.const ${float(value as number)})`;
    case "char":
      return `(char.const ${wastText(value as string)})`;
    case "string":
      return `(str.const ${wastText(value as string)})`;
    case "list":
      return group(
        "list.const",
        Array.from(value as Iterable<unknown>, (one) => wastValue(type.element, one)),
      );
    case "tuple":
      return group(
        "tuple.const",
        type.elements.map((element, index) => wastValue(element, (value as readonly unknown[])[index])),
      );
    case "record":
      return group(
        "record.const",
        type.fields.map((field) => {
          const held = (value as Readonly<Record<string, unknown>>)[camelCase(field.name)];
          // Here alone a value stands without parentheses.
          return `(field "${field.name}" ${wastValue(field.type, held).slice(1, -1)})`;
        }),
      );
    case "flags":
      return group(
        "flags.const",
        type.names
          .filter((name) => (value as Readonly<Record<string, unknown>>)[camelCase(name)] === true)
          .map((name) => `"${name}"`),
      );
    case "enum":
      return `(enum.const "${String(value)}")`;
    case "variant": {
      const { index, payload } = chosenCase(type, value);
      const chosen = type.cases[index];
      return group("variant.const", [`"${chosen?.name ?? ""}"`, ...carried(chosen?.type, payload)]);
    }
    case "option": {
      const { index, payload } = chosenCase(type, value);
      return index === 0 ? "(option.none)" : group("option.some", carried(type.element, payload));
    }
    case "result": {
      const { index, payload } = chosenCase(type, value);
      return group(index === 0 ? "result.ok" : "result.err", carried(index === 0 ? type.ok : type.err, payload));
    }
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "s64":
    case "u64":
      return `(${type.kind}.const ${String(value)})`;
    default:
      throw new Error(`no literal of ${type.kind}`);
  }
}

function carried(type: WitType | undefined, payload: unknown): readonly string[] {
  return type === undefined ? [] : [wastValue(type, payload)];
}

function group(head: string, parts: readonly string[]): string {
  return `(${[head, ...parts].join(" ")})`;
}

function float(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (Math.abs(value) === Infinity) return value < 0 ? "-inf" : "inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Text in quotes, every byte of it spelled out. */
export function wastText(bytes: string | Uint8Array): string {
  return `"${Array.from(Buffer.from(bytes), (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("")}"`;
}
