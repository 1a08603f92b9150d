import { resolve } from "node:path";
import type { PathGrant } from "../grants.ts";
import { type Problems, quote, strings } from "../problems.ts";
import { kernelProblem, realPath } from "../real-path.ts";

/**
 * Reads the files and folders granted for reading or for writing; what is wrong goes to `problems`.
 *
 * @param except real paths that the grants leave out
 */
export function parsePaths(
  value: unknown,
  access: "read" | "write",
  cwd: string,
  except: readonly string[],
  problems: Problems,
): readonly PathGrant[] {
  const grants: PathGrant[] = [];
  for (const written of strings(value, `filesystem.${access}`, problems)) {
    const path = resolve(cwd, written);
    const root = written === "" ? { problem: "the path is empty" } : realPath(path);
    const refused = typeof root === "string" ? kernelProblem(root, access === "write") : undefined;
    if (refused !== undefined) {
      problems.push(`Cannot grant ${access} of ${quote(written)}: ${refused}; name another file or folder`);
    } else if (typeof root === "string") {
      grants.push(Object.freeze({ root, path, except: Object.freeze([...except]), written }));
    } else {
      problems.push(`Cannot grant ${access} of ${quote(written)}: ${root.problem}; name a file or folder that exists`);
    }
  }
  return Object.freeze(grants);
}
