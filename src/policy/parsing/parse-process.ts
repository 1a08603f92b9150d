import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { ProcessGrant } from "../grants.ts";
import { type Problems, quote, strings } from "../problems.ts";
import { isKind, realPath } from "../real-path.ts";

/** Programs of the host that a guest may start: none, these, or every one. */
export type ProcessInput = "none" | "full" | readonly string[];

/** What a command's name is looked up in. */
export interface CommandBase {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Reads which programs a guest may start; what is wrong goes to `problems`. A command without a slash is looked up on the `PATH` of
 * `base.env`, whose relative entries are left out; one with a slash is a path. Either is resolved to a real path now, once.
 */
export function parseProcess(value: unknown, base: CommandBase, problems: Problems): ProcessGrant {
  if (value === undefined || value === "none") return Object.freeze({ kind: "none" });
  if (value === "full") return Object.freeze({ kind: "full" });
  const commands = [...new Set(strings(value, "process", problems))].flatMap((name) => {
    const path = executable(name, base);
    if (typeof path === "string") return [Object.freeze({ name, path })];
    problems.push(`Cannot grant the command ${quote(name)}: ${path.problem}`);
    return [];
  });
  return commands.length === 0
    ? Object.freeze({ kind: "none" })
    : Object.freeze({ kind: "commands", commands: Object.freeze(commands) });
}

function executable(name: string, base: CommandBase): string | { readonly problem: string } {
  if (name === "" || name.includes("\0")) return { problem: "it is empty or has a NUL character; name a program" };
  const isPath = name.includes("/") || (process.platform === "win32" && name.includes("\\"));
  const folders = isPath ? [base.cwd] : pathFolders(base.env);
  for (const folder of folders) {
    for (const ending of endings(name, base.env)) {
      const real = runnable(isPath ? resolve(folder, name + ending) : join(folder, name + ending));
      if (real !== undefined) return real;
    }
  }
  if (isPath) return { problem: "it is not a file that can be run; name one" };
  return { problem: "no such program is on the PATH; install it, or name its path" };
}

function pathFolders(env: CommandBase["env"]): readonly string[] {
  return (variable(env, "PATH") ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
}

/** Windows finds programs by their endings. Scripts of its shell are left out, since no shell is run. */
function endings(name: string, env: CommandBase["env"]): readonly string[] {
  if (process.platform !== "win32") return [""];
  const known = (variable(env, "PATHEXT") ?? ".COM;.EXE").toLowerCase().split(";");
  const direct = known.filter((ending) => ending === ".com" || ending === ".exe");
  return direct.some((ending) => name.toLowerCase().endsWith(ending)) ? [""] : direct;
}

function variable(env: CommandBase["env"], name: string): string | undefined {
  if (process.platform !== "win32") return env?.[name];
  const key = Object.keys(env ?? {}).find((one) => one.toUpperCase() === name);
  return key === undefined ? undefined : env?.[key];
}

function runnable(path: string): string | undefined {
  const real = realPath(path);
  if (typeof real !== "string" || !isKind(real, "file")) return undefined;
  try {
    accessSync(real, constants.X_OK);
    return real;
  } catch {
    // Not for this user to run: the next folder may have one that is.
    return undefined;
  }
}
