import { displayWidth } from "./display-width.ts";
import { wrapped } from "./wrap.ts";

/** A last column that would be narrower than this, or than its longest word, is put below the others instead. */
const LEAST_LAST_WIDTH = 24;

/** How far it is moved to the right there. */
const BELOW_MARGIN = 6;

/** How rows become lines. */
export interface TableOptions {
  /** Spaces between columns; default 2. */
  readonly gap?: number;
  /** The columns of the terminal: the last cell of a row is broken at spaces to fit. Default: no line is broken. */
  readonly width?: number | undefined;
}

/** Lines of columns, each as wide as its widest cell; the last is not padded. Cells hold no styles and no tabs. */
export function table(rows: readonly (readonly string[])[], { gap = 2, width }: TableOptions = {}): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
  }
  return rows.flatMap((row) => {
    const padded = row
      .slice(0, -1)
      .map((cell, column) => cell.padEnd(cell.length + (widths[column] ?? 0) - displayWidth(cell) + gap));
    const before = padded.join("");
    const last = row.at(-1) ?? "";
    const margin = displayWidth(before);
    if (width === undefined || margin + displayWidth(last) <= width) return [(before + last).trimEnd()];
    // Below the others there is also room for a word that has none beside them.
    const longest = Math.max(...last.split(" ").map(displayWidth));
    if (width - margin < Math.max(LEAST_LAST_WIDTH, longest))
      return [before.trimEnd(), ...wrapped(last, width, BELOW_MARGIN)];
    const [first = "", ...rest] = wrapped(last, width, margin);
    return [before + first.slice(margin), ...rest];
  });
}
