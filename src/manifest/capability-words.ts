import { nearest } from "../shared/text/suggest.ts";
import { shown } from "../policy/documents/fault.ts";
import { WHOLE_CAPABILITIES, type WholeCapability } from "./manifest.ts";

/** What a word of `capabilities` asks for. `compute` and `log` are what every guest has: to run, and to write to its own output. */
const WORDS: ReadonlyMap<string, readonly WholeCapability[]> = new Map<string, readonly WholeCapability[]>([
  ["compute", []],
  ["log", []],
  ["fs_read", ["filesystem-read"]],
  ["fs_write", ["filesystem-write"]],
  ["env_get", ["environment"]],
  ...WHOLE_CAPABILITIES.map((one) => [one, [one]] as const),
]);

/** Why a text of `capabilities` is wrong; `undefined` when it is right. */
export function capabilityWord(text: string): string | undefined {
  if (WORDS.has(text)) return undefined;
  const near = nearest(text, [...WORDS.keys()]);
  const hint = near === undefined ? `there are ${[...WORDS.keys()].join(", ")}` : `did you mean ${near}?`;
  return `the capability ${shown(text)} is not known; ${hint}`;
}

/** What the words of `capabilities` ask for. */
export function requestedByWords(words: readonly string[]): readonly WholeCapability[] {
  const asked = new Set(words.flatMap((word) => WORDS.get(word) ?? []));
  return WHOLE_CAPABILITIES.filter((one) => asked.has(one));
}
