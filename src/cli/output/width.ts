import type { Output } from "./terminal.ts";

/** What help is laid out for where there is no terminal, in columns. */
const DEFAULT_WIDTH = 80;

/** Lines longer than this are hard to read, however wide the terminal is. */
const WIDEST_HELP = 100;

/** Below this nothing is laid out any more. */
const NARROWEST = 40;

/** The columns of the terminal that a stream goes to; `undefined` for a file or a pipe, where lines are not broken. */
export function terminalWidth(stream: Output): number | undefined {
  return stream.isTTY ? Math.max(stream.columns || DEFAULT_WIDTH, NARROWEST) : undefined;
}

/** The columns for text to be read: those of the terminal, or of `COLUMNS` where it is set, or 80; at most 100. */
export function readingWidth(stream: Output): number {
  const asked = /^[1-9]\d{0,4}$/.exec(process.env["COLUMNS"] ?? "")?.[0];
  const width = asked === undefined ? (terminalWidth(stream) ?? DEFAULT_WIDTH) : Number(asked);
  return Math.min(Math.max(width, NARROWEST), WIDEST_HELP);
}
