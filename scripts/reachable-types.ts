import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

const SPECIFIER = /\bfrom\s+"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)|^import\s+"(\.[^"]+)"|\bpath="(\.[^"]+)"/gm;

/**
 * Removes the type declarations below a folder that those of an entry do not refer to: they are of the command line, of worker threads and of
 * other insides, which nobody can import.
 */
export function keepReachableTypes(folder: string, entry: string): void {
  const reachable = new Set<string>();
  const visit = (file: string): void => {
    if (reachable.has(file)) return;
    reachable.add(file);
    for (const [, ...found] of readFileSync(file, "utf8").matchAll(SPECIFIER)) {
      const specifier = found.find((one) => one !== undefined) ?? "";
      visit(join(dirname(file), specifier.replace(/\.[jt]s$/, ".d.ts")));
    }
  };
  visit(join(folder, entry));
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(found.parentPath, found.name);
    if (found.isFile() && !reachable.has(file)) rmSync(file);
  }
}
