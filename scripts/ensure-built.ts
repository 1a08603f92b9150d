import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { exec, ROOT } from "./exec.ts";

const STAMP = join(ROOT, "dist/assets/skills/skill-scanner.wasm");
const INPUTS = ["src", "skills", "wit", "scripts", "package-lock.json"];

/** Builds `dist/` unless it is newer than everything it is made from. */
export async function ensureBuilt(): Promise<void> {
  if (existsSync(STAMP) && statSync(STAMP).mtimeMs > (await newestInput())) return;
  await exec(process.execPath, [join(ROOT, "scripts/build.ts")]);
}

async function newestInput(): Promise<number> {
  let newest = 0;
  for (const input of INPUTS) {
    const path = join(ROOT, input);
    const files = statSync(path).isFile()
      ? [path]
      : (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
          .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files) newest = Math.max(newest, statSync(file).mtimeMs);
  }
  return newest;
}
