import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { outputOf } from "./capture.ts";
import { ROOT } from "./exec.ts";

const SOURCES = join(ROOT, "examples/guests");

/** The official WIT of WASI. */
const WASI_WIT = join(ROOT, "node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12");
const WASI_PACKAGES = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];

/** Where the components of the examples are built. */
export const EXAMPLE_GUESTS: string = join(ROOT, "build/examples");

/** Builds the components that the examples run: one from text, the others from JavaScript. */
export async function buildExampleGuests(): Promise<void> {
  await mkdir(EXAMPLE_GUESTS, { recursive: true });
  const text = await readFile(join(SOURCES, "calculator.wat"), "utf8");
  await writeFile(join(EXAMPLE_GUESTS, "calculator.wasm"), await parse(text));
  await Promise.all([
    buildScript("tool", "example-tool", ["--stub-wasi"], (deps) =>
      cp(join(ROOT, "wit/skill.wit"), join(deps, "skill.wit")),
    ),
    buildScript("mailer", "mailer", ["--stub-wasi"]),
    buildScript("line-count", "line-count", [], async (deps) => {
      for (const name of WASI_PACKAGES) {
        await cp(join(WASI_WIT, `wasi-${name}/package.wit`), join(deps, name, "package.wit"));
      }
    }),
    buildHandler("greeter"),
  ]);
}

/** A component of `NAME.js` and `NAME.wit`, in QuickJS. */
async function buildScript(
  name: string,
  world: string,
  flags: readonly string[],
  addDependencies?: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-example-guest-"));
  try {
    const wit = join(folder, "wit");
    await mkdir(join(wit, "deps"), { recursive: true });
    await cp(join(SOURCES, `${name}.wit`), join(wit, `${name}.wit`));
    await addDependencies?.(join(wit, "deps"));
    // prettier-ignore
    await outputOf(join(ROOT, "node_modules/.bin/componentize-qjs"), [
      "--sync", ...flags, "--opt-size", "--minify", "--wit", wit, "--world", world,
      "--js", join(SOURCES, `${name}.js`), "--output", join(EXAMPLE_GUESTS, `${name}.wasm`),
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A component of `NAME.js` and `NAME.wit` that answers HTTP requests, in StarlingMonkey. */
async function buildHandler(name: string): Promise<void> {
  const { componentize } = await import("@bytecodealliance/componentize-js");
  const [script, ...packages] = await Promise.all([
    readFile(join(SOURCES, `${name}.js`), "utf8"),
    readFile(join(SOURCES, `${name}.wit`), "utf8"),
    ...WASI_PACKAGES.map(async (one) => nested(await readFile(join(WASI_WIT, `wasi-${one}/package.wit`), "utf8"))),
  ]);
  const options = { worldName: name };
  // Its types ask for a path, which this form of the call does without.
  const { component } = await componentize(
    script ?? "",
    packages.join("\n"),
    options as Parameters<typeof componentize>[2],
  );
  await writeFile(join(EXAMPLE_GUESTS, `${name}.wasm`), component);
}

/** A package in a text of its own as one in the text of another, of the version that the engine has. */
function nested(wit: string): string {
  return `${wit.replaceAll("0.2.12", "0.2.10").replace(/^(package [^;]+);$/m, "$1 {")}\n}\n`;
}
