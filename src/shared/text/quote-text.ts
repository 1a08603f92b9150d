/**
 * Characters that have no glyph of their own and can drive or mislead a terminal: controls, format characters (among
 * them every bidirectional override), line and paragraph separators, lone surrogates, private use and unassigned.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** Text with every invisible character written as `\n`, `\r`, `\t` or `\u{hex}`. Backslashes are left alone. */
export function escapeInvisible(text: string): string {
  return text.replace(
    INVISIBLE,
    (character) => SHORT_ESCAPES.get(character) ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/**
 * Text between double quotes, as a WAVE string literal: backslashes, quotes and invisible characters are escaped, so
 * that different texts have different literals and none can drive a terminal.
 *
 * @param maxLength the most UTF-16 code units of the text that are shown; what is beyond becomes `…` after the closing
 *   quote. No limit by default.
 */
export function quoteText(text: string, maxLength: number = Number.POSITIVE_INFINITY): string {
  const shown = text.length > maxLength ? withoutHalf(text.slice(0, maxLength)) : text;
  const literal = `"${escapeInvisible(shown.replaceAll(/[\\"]/g, String.raw`\$&`))}"`;
  return shown.length < text.length ? `${literal}…` : literal;
}

/** Drops the first half of a surrogate pair that a cut left at the end. */
function withoutHalf(text: string): string {
  return text.replace(/[\uD800-\uDBFF]$/, "");
}
