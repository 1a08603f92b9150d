import type { WitType } from "../../shared/wit/wit.ts";

/** A type whose values are ends of something that goes on. */
export type StreamType = Extract<WitType, { readonly kind: "stream" | "future" }>;

/** How elements are turned into what is passed on to a guest, and what came of one into elements. Both throw a CordonError. */
export interface ElementValues {
  readonly give: (value: unknown, type: WitType) => unknown;
  readonly take: (value: unknown, type: WitType) => unknown;
}

const NUMBERS: ReadonlySet<WitType["kind"]> = new Set([
  "u8",
  "s8",
  "u16",
  "s16",
  "u32",
  "s32",
  "u64",
  "s64",
  "f32",
  "f64",
]);

/** The type of a part of a stream, where that is a typed array; otherwise each part is one element. */
export function partType({ kind, element }: StreamType): WitType | undefined {
  return kind === "stream" && element !== undefined && NUMBERS.has(element.kind)
    ? { kind: "list", element }
    : undefined;
}
