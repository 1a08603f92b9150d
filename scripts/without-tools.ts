import { mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { tmpdir } from "node:os";
import { HIDDEN_PROGRAMS } from "../test/support/needs.ts";

/**
 * The environment of this process as it would be on a machine that has none of the tools and data which tests can need: on its
 * search path is one folder, made here, with links to all other programs.
 */
export function environmentWithoutTools(): { readonly folder: string; readonly environment: NodeJS.ProcessEnv } {
  const folder = mkdtempSync(join(tmpdir(), "cordon-without-tools-"));
  const seen = new Set(HIDDEN_PROGRAMS);
  for (const from of (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute)) {
    for (const name of namesIn(from)) {
      if (seen.has(name)) continue;
      seen.add(name);
      symlinkSync(join(from, name), join(folder, name));
    }
  }
  return { folder, environment: { ...process.env, PATH: folder, CORDON_TOOLS: "none" } };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A search path may name what is not there.
    return [];
  }
}
