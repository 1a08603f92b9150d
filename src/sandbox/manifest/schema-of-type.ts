import { MAX_VALUE_DEPTH } from "../../component/values/shapes.ts";
import type { WitType } from "../../shared/wit/wit.ts";

/** A JSON Schema, as a manifest has it. */
export type SchemaDocument = Readonly<Record<string, unknown>> | boolean;

/** The bounds of integers that JSON numbers hold. */
const BOUNDS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  s8: [-128, 127],
  u8: [0, 255],
  s16: [-32_768, 32_767],
  u16: [0, 65_535],
  s32: [-2_147_483_648, 2_147_483_647],
  u32: [0, 4_294_967_295],
};

/** The schema of a WIT type's values as JSON, in the form of docs/values.md that `--json` prints. */
export function schemaOfType(type: WitType | undefined, depth = 0): SchemaDocument {
  if (type === undefined) return { type: "null" };
  // Deeper than schemas may be; what is there is left to the types themselves.
  if (depth > Math.min(12, MAX_VALUE_DEPTH)) return true;
  const inner = (one: WitType | undefined): SchemaDocument => schemaOfType(one, depth + 1);
  switch (type.kind) {
    case "bool":
      return { type: "boolean" };
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32": {
      const [minimum, maximum] = BOUNDS[type.kind] ?? [];
      return { type: "integer", minimum, maximum };
    }
    case "s64":
      return { type: "string", pattern: "^-?[0-9]{1,19}$" };
    case "u64":
      return { type: "string", pattern: "^[0-9]{1,20}$" };
    case "f32":
    case "f64":
      return { anyOf: [{ type: "number" }, { enum: ["nan", "inf", "-inf"] }] };
    case "char":
      return { type: "string", minLength: 1, maxLength: 1 };
    case "string":
      return { type: "string" };
    case "list":
      return { type: "array", items: inner(type.element), ...(type.length === undefined ? {} : lengthOf(type.length)) };
    case "tuple":
      return { type: "array", prefixItems: type.elements.map(inner), ...lengthOf(type.elements.length) };
    case "record":
      return {
        type: "object",
        properties: Object.fromEntries(type.fields.map((field) => [field.name, inner(field.type)])),
        required: type.fields.map(({ name }) => name),
        additionalProperties: false,
      };
    case "flags":
      return { type: "array", items: { enum: type.names }, uniqueItems: true };
    case "enum":
      return { enum: type.names };
    case "option":
      return type.element.kind === "option" ? true : { anyOf: [inner(type.element), { type: "null" }] };
    case "result":
      return { anyOf: [tagged("ok", inner(type.ok)), tagged("err", inner(type.err))] };
    case "variant":
      return {
        anyOf: type.cases.map((one) =>
          one.type === undefined ? { const: one.name } : tagged(one.name, inner(one.type)),
        ),
      };
    case "map":
      return {
        type: "array",
        items: { type: "array", prefixItems: [inner(type.key), inner(type.value)], ...lengthOf(2) },
      };
    default:
      return true;
  }
}

function tagged(name: string, payload: SchemaDocument): SchemaDocument {
  return { type: "object", properties: { [name]: payload }, required: [name], additionalProperties: false };
}

function lengthOf(items: number): { readonly minItems: number; readonly maxItems: number } {
  return { minItems: items, maxItems: items };
}
