import type { Stats } from "node:fs";

/** Why the file is not one whose bytes can be read and written, or `undefined` for a regular file. */
export function fileKindProblem(info: Pick<Stats, "isFile" | "isDirectory">): string | undefined {
  if (info.isFile()) return undefined;
  return info.isDirectory() ? "it is a folder" : "it is not a regular file";
}
