/** One fenced block of a Markdown document. */
export interface FencedBlock {
  /** The document, relative to the repository's root. */
  readonly document: string;
  /** The line of its first line of content, from 1. */
  readonly line: number;
  /** The words after the opening fence, such as `ts` or `console no-run`. */
  readonly info: readonly string[];
  readonly lines: readonly string[];
}

/** The fenced blocks of a document, in order. Fences that are indented, as in lists, count too. */
export function fencedBlocks(document: string, markdown: string): readonly FencedBlock[] {
  const blocks: FencedBlock[] = [];
  let open:
    | { readonly fence: string; readonly indent: string; readonly block: FencedBlock & { lines: string[] } }
    | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (open === undefined) {
      const [, indent, fence, info] = /^( *)(`{3,}|~{3,})([^`]*)$/.exec(line) ?? [];
      if (indent === undefined || fence === undefined) continue;
      const words = (info ?? "")
        .trim()
        .split(/\s+/)
        .filter((word) => word !== "");
      open = { fence, indent, block: { document, line: index + 2, info: words, lines: [] } };
    } else if (line.trim().startsWith(open.fence) && line.trim().replaceAll(open.fence.charAt(0), "") === "") {
      blocks.push(open.block);
      open = undefined;
    } else {
      open.block.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    }
  }
  if (open !== undefined) throw new Error(`${document}:${open.block.line}: the block that starts here is not closed`);
  return blocks;
}
