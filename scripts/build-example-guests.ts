import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { outputOf } from "./capture.ts";
import { ROOT } from "./exec.ts";

const SOURCES = join(ROOT, "examples/guests");

/** Where the components of the examples are built. */
export const EXAMPLE_GUESTS: string = join(ROOT, "build/examples");

/** Builds the components that the examples run: one from text, one from JavaScript. */
export async function buildExampleGuests(): Promise<void> {
  await mkdir(EXAMPLE_GUESTS, { recursive: true });
  const text = await readFile(join(SOURCES, "calculator.wat"), "utf8");
  await writeFile(join(EXAMPLE_GUESTS, "calculator.wasm"), await parse(text));

  const folder = await mkdtemp(join(tmpdir(), "cordon-example-guest-"));
  try {
    const wit = join(folder, "wit");
    await mkdir(join(wit, "deps"), { recursive: true });
    await cp(join(SOURCES, "tool.wit"), join(wit, "tool.wit"));
    await cp(join(ROOT, "wit/skill.wit"), join(wit, "deps/skill.wit"));
    // prettier-ignore
    await outputOf(join(ROOT, "node_modules/.bin/componentize-qjs"), [
      "--sync", "--stub-wasi", "--opt-size", "--minify", "--wit", wit, "--world", "example-tool",
      "--js", join(SOURCES, "tool.js"), "--output", join(EXAMPLE_GUESTS, "tool.wasm"),
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
