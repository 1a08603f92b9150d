/** Guests in languages whose compilers npm does not have. Where a compiler is absent, there is no guest. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../../scripts/exec.ts";
import { built } from "./guests.ts";

const run = promisify(execFile);

/** Why a language's guests cannot be built here, or `false` when they can: the `skip` of a test. */
export const LACKS = {
  c: found("clang") && found("wasm-ld") && existsSync("/usr/include/wasm32-wasi") ? false : "no C compiler for WASI",
  go: found("go") ? false : "no Go compiler",
  python: existsSync(join(ROOT, "build/python/bin/componentize-py")) ? false : "no componentize-py",
} as const;

function found(command: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, command)));
}

/** A WASI preview 1 program in C, as the compiler leaves it: a core module. */
export function cGuest(name: string, source: string): Promise<string> {
  return built(name, ["c", source], async (folder, output) => {
    await writeFile(join(folder, "guest.c"), source);
    await run("clang", ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", "-o", output, join(folder, "guest.c")]);
  });
}

/** A WASI preview 1 program in Go. */
export function goGuest(name: string, source: string): Promise<string> {
  return built(name, ["go", source], async (folder, output) => {
    await writeFile(join(folder, "main.go"), source);
    await writeFile(join(folder, "go.mod"), "module guest\n");
    const env = { ...process.env, GOOS: "wasip1", GOARCH: "wasm", GOFLAGS: "-mod=mod" };
    await run("go", ["build", "-o", output, "."], { cwd: folder, env });
  });
}

/** A component in Python, with a module `app` that implements the world `guest` of the given WIT. */
export function pythonGuest(name: string, source: string, wit: string): Promise<string> {
  return built(name, ["python", source, wit], async (folder, output) => {
    await mkdir(join(folder, "wit"));
    await writeFile(join(folder, "wit/guest.wit"), wit);
    await writeFile(join(folder, "app.py"), source);
    const made = join(folder, "guest.wasm");
    const tool = join(ROOT, "build/python/bin/componentize-py");
    await run(tool, ["-d", join(folder, "wit"), "-w", "guest", "componentize", "app", "-o", made], { cwd: folder });
    await cp(made, output);
  });
}
