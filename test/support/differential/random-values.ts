import { camelCase } from "../../../src/shared/wit/naming.ts";
import type { WitType } from "../../../src/shared/wit/wit.ts";
import { isTaggedOption } from "../../../src/component/values/shapes.ts";
import type { Chance } from "./chance.ts";

const TEXTS = [
  "",
  "a",
  "hello, world",
  "é",
  "naïve café",
  "ÿ\u0100",
  "日本語",
  "🌍",
  "a🌍é日",
  "\u0000",
  "\ufeffx",
  "x".repeat(70),
] as const;
const CHARS = ["a", "\u0000", "é", "ÿ", "Ā", "日", "\ud7ff", "\ue000", "🌍", "\u{10ffff}"] as const;
const FLOATS = [0, -0, 1, -1.5, Math.fround(0.1), Infinity, -Infinity, Number.NaN, 2 ** -149, 2 ** 100] as const;

/** A value of a type, in the shape that the SDK has it in. */
export function randomValue(chance: Chance, type: WitType): unknown {
  switch (type.kind) {
    case "bool":
      return chance.in100(50);
    case "s8":
    case "u8":
    case "s16":
    case "u16":
    case "s32":
    case "u32":
    case "s64":
    case "u64":
      return randomInteger(chance, Number(type.kind.slice(1)), type.kind.startsWith("s"));
    case "f32":
    case "f64":
      return chance.pick(FLOATS);
    case "char":
      return chance.pick(CHARS);
    case "string":
      return chance.pick(TEXTS);
    case "list":
      return chance.list(type.length ?? chance.below(4), () => randomValue(chance, type.element));
    case "record":
      return Object.fromEntries(type.fields.map((field) => [camelCase(field.name), randomValue(chance, field.type)]));
    case "tuple":
      return type.elements.map((element) => randomValue(chance, element));
    case "flags":
      return Object.fromEntries(type.names.map((name) => [camelCase(name), chance.in100(50)]));
    case "enum":
      return type.names[chance.below(type.names.length)];
    case "variant": {
      const chosen = type.cases[chance.below(type.cases.length)];
      return tagged(chance, chosen?.name ?? "", chosen?.type);
    }
    case "result":
      return chance.in100(50) ? tagged(chance, "ok", type.ok) : tagged(chance, "err", type.err);
    case "option": {
      const isSome = chance.in100(70);
      if (isTaggedOption(type)) return isSome ? tagged(chance, "some", type.element) : { tag: "none" };
      return isSome ? randomValue(chance, type.element) : undefined;
    }
    default:
      throw new Error(`no values of ${type.kind}`);
  }
}

function tagged(chance: Chance, tag: string, type: WitType | undefined): unknown {
  return type === undefined ? { tag } : { tag, val: randomValue(chance, type) };
}

function randomInteger(chance: Chance, bits: number, signed: boolean): number | bigint {
  const [least, most] = signed
    ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
    : [0n, 2n ** BigInt(bits) - 1n];
  const found = chance.pick([least, most, 0n, 1n, BigInt(chance.below(100)), most - BigInt(chance.below(100))]);
  return bits === 64 ? found : Number(found);
}

/** Which case of a variant a value is of, and what it carries. */
export function chosenCase(type: WitType, value: unknown): { readonly index: number; readonly payload: unknown } {
  const { tag, val } = (typeof value === "object" && value !== null ? value : {}) as { tag?: string; val?: unknown };
  switch (type.kind) {
    case "enum":
      return { index: type.names.indexOf(value as string), payload: undefined };
    case "variant":
      return { index: type.cases.findIndex(({ name }) => name === tag), payload: val };
    case "result":
      return { index: tag === "ok" ? 0 : 1, payload: val };
    case "option":
      if (isTaggedOption(type)) return { index: tag === "none" ? 0 : 1, payload: val };
      return { index: value === undefined ? 0 : 1, payload: value };
    default:
      throw new Error(`${type.kind} has no cases`);
  }
}
