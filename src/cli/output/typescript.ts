import { callableExports, shortestNames } from "../../sandbox/loading/exports.ts";
import { escapeInvisible } from "../../shared/text/quote-text.ts";
import { camelCase } from "../../shared/wit/naming.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import type { ComponentInterface, WitCase, WitFunction, WitPrimitive, WitType } from "../../shared/wit/wit.ts";

const PRIMITIVES: Readonly<Record<WitPrimitive, string>> = {
  bool: "boolean",
  s8: "number",
  u8: "number",
  s16: "number",
  u16: "number",
  s32: "number",
  u32: "number",
  s64: "bigint",
  u64: "bigint",
  f32: "number",
  f64: "number",
  char: "string",
  string: "string",
  "error-context": "never",
};

/** Lists of numbers. */
const ARRAYS: Readonly<Partial<Record<WitType["kind"], string>>> = {
  s8: "Int8Array",
  u8: "Uint8Array",
  s16: "Int16Array",
  u16: "Uint16Array",
  s32: "Int32Array",
  u32: "Uint32Array",
  s64: "BigInt64Array",
  u64: "BigUint64Array",
  f32: "Float32Array",
  f64: "Float64Array",
};

/** What is passed may be written in more forms than what comes back has. */
type Direction = "argument" | "result";

/** How much of a function's WIT type stands in a comment, in UTF-16 code units. */
const MAX_COMMENT = 500;

/**
 * TypeScript types of what a component exports, in the shapes of docs/values.md: an interface `Types` with a function for each name that an
 * export is called by, its full one and the shortest. The names are whoever's made the component: they stand in string literals and, in
 * comments, cannot end one.
 */
export function typesOf(component: string, exports: ComponentInterface): string {
  const callable = callableExports(exports);
  const shortest = shortestNames(callable);
  const members = callable.flatMap((one, index) => {
    const names = new Set([shortest[index] ?? one.name, one.name]);
    return [...names].flatMap((name) => [
      `  /** ${comment(`${one.function.name}: ${printFunctionType(one.function, { names: true, maxLength: MAX_COMMENT })}`)} */`,
      `  ${literal(name)}: ${functionType(one.function)};`,
    ]);
  });
  return [
    `/** What ${comment(component)} exports, for \`Sandbox.open<Types>\`. Written by \`cordon types\`. */`,
    "export interface Types {",
    ...members,
    "}",
    "",
  ].join("\n");
}

function functionType({ parameters, result }: WitFunction): string {
  const listed = parameters.map(({ type }, index) => `p${index}: ${typeOf(type, "argument")}`);
  const value = result?.kind === "result" ? result.ok : result;
  return `(${listed.join(", ")}) => ${value === undefined ? "undefined" : typeOf(value, "result")}`;
}

function typeOf(type: WitType, direction: Direction): string {
  const isArgument = direction === "argument";
  switch (type.kind) {
    case "list": {
      const array = ARRAYS[type.element.kind];
      const plain = `readonly (${typeOf(type.element, direction)})[]`;
      if (array === undefined) return plain;
      return isArgument ? `${array} | ${plain}` : array;
    }
    case "tuple":
      return `readonly [${type.elements.map((one) => typeOf(one, direction)).join(", ")}]`;
    case "map":
      return `ReadonlyMap<${typeOf(type.key, direction)}, ${typeOf(type.value, direction)}>`;
    case "record":
      return object(
        type.fields.map((field) => {
          const isOptional = isArgument && field.type.kind === "option";
          return `readonly ${literal(camelCase(field.name))}${isOptional ? "?" : ""}: ${typeOf(field.type, direction)}`;
        }),
      );
    case "variant":
      return type.cases.map((one) => caseOf(one, direction)).join(" | ");
    case "enum":
      return type.names.map(literal).join(" | ");
    case "flags":
      return object(type.names.map((name) => `readonly ${literal(camelCase(name))}${isArgument ? "?" : ""}: boolean`));
    case "option":
      return optionOf(type.element, direction);
    case "result":
      return [
        caseOf({ name: "ok", ...(type.ok === undefined ? {} : { type: type.ok }) }, direction),
        caseOf({ name: "err", ...(type.err === undefined ? {} : { type: type.err }) }, direction),
      ].join(" | ");
    case "own":
    case "borrow":
    case "stream":
    case "future":
      // Such values cannot be passed.
      return "never";
    case "s64":
    case "u64":
      return isArgument ? "bigint | number" : "bigint";
    default:
      return PRIMITIVES[type.kind];
  }
}

function optionOf(element: WitType, direction: Direction): string {
  const inner = typeOf(element, direction);
  if (element.kind === "option") return `{ readonly tag: "some"; readonly val: ${inner} } | { readonly tag: "none" }`;
  return `${element.kind === "list" || element.kind === "tuple" ? `(${inner})` : inner} | ${direction === "argument" ? "null | undefined" : "undefined"}`;
}

function caseOf({ name, type }: WitCase, direction: Direction): string {
  const payload = type === undefined ? "" : `; readonly val: ${typeOf(type, direction)}`;
  return `{ readonly tag: ${literal(name)}${payload} }`;
}

function object(members: readonly string[]): string {
  return members.length === 0 ? "Readonly<Record<string, never>>" : `{ ${members.join("; ")} }`;
}

/** A name as a string literal, whatever it holds. */
function literal(name: string): string {
  return JSON.stringify(name).replaceAll(
    /[\u007f-\uffff]/g,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function comment(text: string): string {
  return escapeInvisible(text).replaceAll("*/", "*\\/");
}
