import { displayWidth } from "./display-width.ts";

/** What is left beside a margin is never taken for narrower than this, in columns. */
const LEAST_WIDTH = 20;

/**
 * Breaks text at its spaces into lines of at most `width` columns, behind a margin that counts. A word that is wider than a line stays
 * whole, since half a name or flag is none.
 *
 * @param margin The columns that every line but the first is moved to the right by; the first is moved by `first`.
 */
export function wrapped(text: string, width: number, margin: number = 0, first: number = margin): readonly string[] {
  const lines: string[] = [];
  let line = "";
  let room = Math.max(width - first, LEAST_WIDTH);
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > room) {
      lines.push(line);
      line = word;
      room = Math.max(width - margin, LEAST_WIDTH);
    } else {
      line = longer;
    }
  }
  lines.push(line);
  return lines.map((one, index) => `${" ".repeat(index === 0 ? first : margin)}${one}`);
}
