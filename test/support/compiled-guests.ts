/** Guests in languages whose compilers npm does not have. Where a compiler is absent, there is no guest. */
import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { built } from "./guests.ts";
import { CLANG_FOR_WASI, PLACES } from "./needs.ts";

const run = promisify(execFile);

/** A WASI preview 1 program in C, as the compiler leaves it: a core module. */
export function cGuest(name: string, source: string): Promise<string> {
  return built(name, ["c", source], async (folder, output) => {
    await writeFile(join(folder, "guest.c"), source);
    await run("clang", [...CLANG_FOR_WASI, "-O2", "-o", output, join(folder, "guest.c")]);
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
    await run(PLACES.componentizePy, ["-d", join(folder, "wit"), "-w", "guest", "componentize", "app", "-o", made], {
      cwd: folder,
    });
    await cp(made, output);
  });
}
