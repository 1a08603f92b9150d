/** A path of names as one text. No name of an import or export has such a character. */
export function pathKey(path: readonly string[]): string {
  return path.join("\0");
}
