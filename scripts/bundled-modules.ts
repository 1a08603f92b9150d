import type { RolldownOutput } from "rolldown";

/** The ids of the modules whose code is in a bundle: absolute paths, and names that start with NUL for rolldown's own. */
export function bundledModules({ output }: RolldownOutput): readonly string[] {
  return output.flatMap((part) => (part.type === "chunk" ? part.moduleIds : []));
}
