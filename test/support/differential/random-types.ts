import type { WitType } from "../../../src/shared/wit/wit.ts";
import type { Chance } from "./chance.ts";

const SCALARS = ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"] as const;

/** Names of fields and cases: plain ones, those of JavaScript's own properties, and odd but legal ones. */
const NAMES = [
  "a",
  "b-c",
  "then",
  "constructor",
  "to-string",
  "value-of",
  "length",
  "prototype",
  "proto",
  "has-own-property",
  "ABC-d",
  "x1-2y",
  "default",
  "self",
  "tag",
  "val",
] as const;

/** A type that values can be made of, no deeper than that. */
export function randomType(chance: Chance, depth: number, fixedLists: boolean): WitType {
  const inner = (): WitType => randomType(chance, depth - 1, fixedLists);
  const maybe = (): { readonly type: WitType } | Record<string, never> => (chance.in100(70) ? { type: inner() } : {});
  const kind = depth <= 0 ? 0 : chance.below(fixedLists ? 17 : 16);
  switch (kind) {
    case 6:
      return { kind: "list", element: inner() };
    case 7:
      return { kind: "list", element: { kind: "u8" } };
    case 8:
      return { kind: "record", fields: names(chance, 1 + chance.below(4)).map((name) => ({ name, type: inner() })) };
    case 9:
      return { kind: "tuple", elements: chance.list(1 + chance.below(chance.in100(10) ? 18 : 4), inner) };
    case 10:
    case 11:
      return {
        kind: "variant",
        cases: names(chance, 1 + chance.below(5)).map((name) => ({ name, ...maybe() })),
      };
    case 12:
      return { kind: "enum", names: many(chance, chance.in100(15) ? 257 : 1 + chance.below(6)) };
    case 13:
      return { kind: "flags", names: many(chance, 1 + chance.below(32)) };
    case 14:
      return { kind: "option", element: inner() };
    case 15:
      return {
        kind: "result",
        ...(chance.in100(70) ? { ok: inner() } : {}),
        ...(chance.in100(70) ? { err: inner() } : {}),
      };
    case 16:
      return { kind: "list", element: inner(), length: 1 + chance.below(4) };
    default:
      return { kind: chance.pick(SCALARS) };
  }
}

/** So many different names. */
function names(chance: Chance, count: number): readonly string[] {
  const from = chance.below(NAMES.length);
  return chance.list(count, (index) => NAMES[(from + index) % NAMES.length] ?? "a");
}

/** The same for more of them than there are. */
function many(chance: Chance, count: number): readonly string[] {
  return count <= NAMES.length ? names(chance, count) : chance.list(count, (index) => `n${index}`);
}
