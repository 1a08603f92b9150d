import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { componentEmbed, componentNew, parse } from "../../test/support/wasm-tools.ts";
import { ROOT } from "../../scripts/exec.ts";

/** Where guests are kept from one run to the next. */
const BUILT: string = join(ROOT, "build/bench");

/** Needed for the large guest alone, and itself 385 MB, so the set-up installs it below `build/` and nothing depends on it. */
const COMPONENTIZE_JS = "@bytecodealliance/componentize-js@0.23.0";

const run = promisify(execFile);

const CALCULATOR_WORLD = "world calculator { export add: func(a: s32, b: s32) -> s32; }";
const CALCULATOR = "export function add(a, b) { return (a + b) | 0; }\n";

const FETCHER_WORLD = `world fetcher {
  import sandbox:skill/network;
  export add: func(a: s32, b: s32) -> s32;
  export fetch-text: func(url: string) -> string;
}`;
const FETCHER = `import { httpGet } from "sandbox:skill/network";
export function add(a, b) { return (a + b) | 0; }
export function fetchText(url) { return httpGet(url); }
`;

/** A 1 MB component with no imports: `add` is a plain call, without JSPI. */
export function calculator(): Promise<string> {
  return scriptGuest("calculator", CALCULATOR_WORLD, CALCULATOR);
}

/** A 1 MB component that imports `http-get`, so that every call of it goes through JSPI: `add` and `fetch-text`. */
export function fetcher(): Promise<string> {
  return scriptGuest("fetcher", FETCHER_WORLD, FETCHER);
}

/** A component of 200 bytes with an `add`, for what a call costs when the guest costs nothing. */
export function tiny(): Promise<string> {
  const text = `(component
    (core module $m (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
    (core instance $i (instantiate $m))
    (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "add"))))`;
  return textGuest("tiny", text);
}

/** A component written in the text format. */
function textGuest(name: string, text: string): Promise<string> {
  return built(name, [text], async (_folder, output) => writeFile(output, await parse(text)));
}

/**
 * A component made of a core module in the text format, with the official WIT of WASI 0.2.12 in reach of its world. Its imports
 * are named as wit-component names them, such as `"wasi:io/poll@0.2.12" "[method]pollable.block"`.
 *
 * @param world The items of the world.
 */
export function coreGuest(name: string, world: string, text: string): Promise<string> {
  return built(name, [world, text], async (_folder, output) => {
    const witSource = `package cordon:bench;\nworld guest { ${world} }\n${wasiPackages()}`;
    const binary = await componentEmbed({ binary: await parse(text), witSource, world: "guest" });
    await writeFile(output, await componentNew(binary));
  });
}

/** The packages of WASI in one document, each in braces. */
function wasiPackages(): string {
  const folder = join(ROOT, "node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12");
  return ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"]
    .map((name) => readFileSync(join(folder, `wasi-${name}/package.wit`), "utf8"))
    .map((text) => `${text.replace(/^(package [^;]*);/m, "$1 {")}\n}`)
    .join("\n");
}

/** A program in C for preview 1 of WASI, or `undefined` where there is no compiler for it. */
export async function cGuest(name: string, source: string): Promise<string | undefined> {
  if (!existsSync("/usr/include/wasm32-wasi")) return undefined;
  return built(name, ["c", source], async (folder, output) => {
    await writeFile(join(folder, "guest.c"), source);
    await run("clang", ["--target=wasm32-wasi", "--sysroot=/usr", "-O2", "-o", output, join(folder, "guest.c")]);
  });
}

/** A 12 MB component with no imports: the same `add`, on another JavaScript engine. Takes a minute the first time. */
export function largeCalculator(): Promise<string> {
  return built("large-calculator", [CALCULATOR, CALCULATOR_WORLD, COMPONENTIZE_JS], async (folder, output) => {
    const tools = join(BUILT, "tools");
    if (!existsSync(join(tools, "node_modules/@bytecodealliance/componentize-js"))) {
      await mkdir(tools, { recursive: true });
      // prettier-ignore
      await run("npm", ["install", "--prefix", tools, "--no-save", "--no-audit", "--no-fund", COMPONENTIZE_JS]);
    }
    const script = join(folder, "build.mjs");
    const entry = join(tools, "node_modules/@bytecodealliance/componentize-js/src/componentize.js");
    const options = {
      witWorld: `package cordon:bench; ${CALCULATOR_WORLD}`,
      // With none of them, the component imports no WASI.
      disableFeatures: ["stdio", "random", "clocks", "http", "fetch-event"],
    };
    await writeFile(
      script,
      `import { writeFileSync } from "node:fs";
       import { componentize } from ${JSON.stringify(entry)};
       const { component } = await componentize(${JSON.stringify(CALCULATOR)}, ${JSON.stringify(options)});
       writeFileSync(${JSON.stringify(output)}, component);`,
    );
    await run(process.execPath, [script]);
  });
}

function scriptGuest(name: string, world: string, source: string): Promise<string> {
  return built(name, [world, source], async (folder, output) => {
    await mkdir(join(folder, "wit/deps/skill"), { recursive: true });
    await writeFile(join(folder, "wit/world.wit"), `package cordon:bench;\n${world}\n`);
    await cp(join(ROOT, "wit/skill.wit"), join(folder, "wit/deps/skill/skill.wit"));
    await writeFile(join(folder, "guest.js"), source);
    // prettier-ignore
    await run(join(ROOT, "node_modules/.bin/componentize-qjs"), [
      "--sync", "--stub-wasi", "--opt-size", "--wit", join(folder, "wit"), "--world", name,
      "--js", join(folder, "guest.js"), "--output", output,
    ]);
  });
}

async function built(
  name: string,
  inputs: readonly string[],
  build: (folder: string, output: string) => Promise<void>,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
  const path = join(BUILT, `${name}-${hash}.wasm`);
  if (existsSync(path)) return path;
  await mkdir(BUILT, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-guest-"));
  const output = join(BUILT, `.${name}-${randomUUID()}.tmp`);
  try {
    await build(folder, output);
    await rename(output, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(output, { force: true });
  }
  return path;
}
