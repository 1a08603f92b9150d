import { styleText } from "node:util";
import { escapeInvisible } from "../../shared/text/quote-text.ts";

/** A stream of the command line's output. */
export type Output = NodeJS.WriteStream;

/** The colours that are used, and what for. */
const STYLES = {
  heading: "bold",
  good: "green",
  bad: "red",
  warning: "yellow",
  quiet: "dim",
} as const;

/** Styles text when the stream is a terminal that shows colours and `NO_COLOR` is not set. */
export function styled(style: keyof typeof STYLES, text: string, stream: Output): string {
  return styleText(STYLES[style], text, { stream });
}

/** Every control character but tab, line feed and a carriage return before one; separators; what reorders text. */
const UNSAFE = /(?![\t\n]|\r\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Text from a guest, made safe to print on a terminal: control characters are shown as escapes instead of obeyed. */
export function neutralised(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}

/** The same on one line, for names: every character without a glyph of its own is shown as an escape. */
export function neutralisedLine(text: string): string {
  return escapeInvisible(text);
}

/** Writes a line of the guest's own text: as it is into a file or pipe, neutralised on a terminal. */
export function writeGuestText(text: string, stream: Output): void {
  const safe = stream.isTTY ? neutralised(text) : text;
  stream.write(safe.endsWith("\n") ? safe : `${safe}\n`);
}

/** Writes a line that is of use to know and changes nothing. */
export function writeNote(text: string, stream: Output): void {
  stream.write(`${styled("warning", "note:", stream)} ${neutralisedLine(text)}\n`);
}
