import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import type { CommandDecision } from "./check.ts";
import { isProgram } from "./program-file.ts";

/** The file a decision stands for, as it is now. */
export type Located =
  | { readonly kind: "found"; readonly path: string }
  /** A granted path that leads elsewhere by now: a link was put in it, or in a folder above it. */
  | { readonly kind: "changed" }
  | { readonly kind: "not-found" }
  | { readonly kind: "failed"; readonly reason: string };

/** Looks the file up, links resolved. What a granted path leads to must be the path itself, as it was when it was granted. */
export async function locate({ path, pinned }: Extract<CommandDecision, { allowed: true }>): Promise<Located> {
  try {
    const real = await realpath(path);
    if (pinned && real !== path) return { kind: "changed" };
    if (!(await stat(real)).isFile()) return { kind: "failed", reason: "it is no regular file" };
    await access(real, constants.X_OK);
    if (!(await isProgram(real))) return { kind: "failed", reason: "it is no program that the system can run" };
    return { kind: "found", path: real };
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "not-found" };
    if (code === "ELOOP") return { kind: pinned ? "changed" : "not-found" };
    if (code === "EACCES" || code === "EPERM") return { kind: "failed", reason: "it may not be executed" };
    return { kind: "failed", reason: `it cannot be looked up (${String(code)})` };
  }
}
