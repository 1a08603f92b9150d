import { styleText } from "node:util";

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

// C0 controls but tab and line feed, DEL, C1 controls, and the characters that reorder text.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from a guest, made safe to print on a terminal: control characters are shown as escapes instead of obeyed. */
export function neutralised(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The same on one line. */
export function neutralisedLine(text: string): string {
  return neutralised(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** Writes a line of the guest's own text: as it is into a file or pipe, neutralised on a terminal. */
export function writeGuestText(text: string, stream: Output): void {
  const safe = stream.isTTY ? neutralised(text) : text;
  stream.write(safe.endsWith("\n") ? safe : `${safe}\n`);
}
