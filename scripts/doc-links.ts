import { dirname, normalize } from "node:path/posix";
import { fencedBlocks } from "./fenced-blocks.ts";

/** Where a link of a document leads that does not lead anywhere. */
export interface DeadLink {
  readonly document: string;
  readonly target: string;
  readonly why: string;
}

/**
 * The links of Markdown documents that lead to no file, or to no heading of one. Links to other hosts are not checked.
 *
 * @param documents The texts by their paths, from the root with slashes.
 * @param exists Whether there is a file or folder of that path.
 */
export function deadLinks(
  documents: ReadonlyMap<string, string>,
  exists: (path: string) => boolean,
): readonly DeadLink[] {
  const anchors = new Map([...documents].map(([path, text]) => [path, headings(path, text)]));
  return [...documents].flatMap(([document, text]) =>
    linksOf(document, text).flatMap((target): readonly DeadLink[] => {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? document : normalize(`${dirname(document)}/${path}`);
      if (file.startsWith("..") || !exists(file)) return [{ document, target, why: `there is no ${file}` }];
      const known = anchors.get(file);
      if (anchor === undefined || known === undefined || known.has(anchor)) return [];
      return [{ document, target, why: `${file} has no such heading` }];
    }),
  );
}

/** The targets of links within the text, outside of code. */
function linksOf(document: string, text: string): readonly string[] {
  return [...withoutCode(document, text).matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

function headings(document: string, text: string): ReadonlySet<string> {
  const lines = withoutBlocks(document, text).split("\n");
  return new Set(lines.flatMap((line) => (/^#{1,6} /.test(line) ? [anchorOf(line.replace(/^#+ /, ""))] : [])));
}

/** As GitHub and npm make it. */
function anchorOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

function withoutCode(document: string, text: string): string {
  return withoutBlocks(document, text).replaceAll(/`[^`\n]*`/g, "");
}

function withoutBlocks(document: string, text: string): string {
  const lines = text.split("\n");
  for (const { line, lines: inside } of fencedBlocks(document, text))
    lines.fill("", line - 1, line - 1 + inside.length);
  return lines.join("\n");
}
