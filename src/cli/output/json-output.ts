import type { Output } from "./terminal.ts";

// All of it can stand in a JSON text as an escape, and means the same; the line feeds are the layout's.
const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * A JSON document as text, indented by two spaces. Characters that could drive or mislead a terminal are written as
 * escapes, so that it can be shown as it is.
 */
export function jsonText(document: unknown): string {
  return JSON.stringify(document, undefined, 2).replaceAll(INVISIBLE, (character) =>
    Array.from({ length: character.length }, (_, index) => unicodeEscape(character.charCodeAt(index))).join(""),
  );
}

/** Writes a JSON document and a line feed. */
export function printJson(document: unknown, stream: Output): void {
  stream.write(`${jsonText(document)}\n`);
}

/** Whether stdout is to be one JSON document, asked before the words can be told to make sense. */
export function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return (end < 0 ? words : words.slice(0, end)).includes("--json");
}

function unicodeEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
