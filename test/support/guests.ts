import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import "./built-workers.ts";
import { parse, print } from "./wasm-tools.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILT = join(ROOT, "build/guests");
const run = promisify(execFile);

/** Where tests keep artifacts, so that a guest is prepared once for all of them. */
export const TEST_CACHE: { readonly directory: string } = { directory: join(ROOT, "build/test-cache") };

/** The path of a bundled guest. */
export function bundled(name: "demo-malicious" | "demo-trusted" | "skill-scanner"): string {
  return join(ROOT, "dist/assets/skills", `${name}.wasm`);
}

/** The guest with one of everything, built from `test/guests/guest.js` with componentize-qjs. */
export function testGuest(): Promise<string> {
  return scriptGuest("guest", readFileSync(join(ROOT, "test/guests/guest.js"), "utf8"), "guest");
}

/** Builds a component from JavaScript for a world of `test/guests/guest.wit` or `wit/skill.wit`, once. */
export async function scriptGuest(name: string, source: string, world: string): Promise<string> {
  const wits = ["test/guests/guest.wit", "wit/skill.wit"].map((path) => join(ROOT, path));
  const [own = "", skill = ""] = wits;
  return built(name, [source, world, ...wits.map((path) => readFileSync(path, "utf8"))], async (folder, output) => {
    const isSkill = world === "skill-component" || world === "scanner-component";
    await mkdir(join(folder, isSkill ? "wit" : "wit/deps/skill"), { recursive: true });
    await cp(isSkill ? skill : own, join(folder, "wit/world.wit"));
    if (!isSkill) await cp(skill, join(folder, "wit/deps/skill/skill.wit"));
    await writeFile(join(folder, "guest.js"), source);
    // prettier-ignore
    await run(join(ROOT, "node_modules/.bin/componentize-qjs"), [
      "--sync", "--stub-wasi", "--opt-size", "--wit", join(folder, "wit"), "--world", world,
      "--js", join(folder, "guest.js"), "--output", output,
    ]);
  });
}

/** The same for the only world of a WIT document. */
export function worldGuest(name: string, source: string, wit: string): Promise<string> {
  return built(name, [source, wit], async (folder, output) => {
    const [world, script] = [join(folder, "world.wit"), join(folder, "guest.js")];
    await writeFile(world, wit);
    await writeFile(script, source);
    // prettier-ignore
    await run(join(ROOT, "node_modules/.bin/componentize-qjs"), [
      "--sync", "--stub-wasi", "--opt-size", "--wit", world, "--js", script, "--output", output,
    ]);
  });
}

/** Builds a component from the text format, once. */
export function textGuest(name: string, text: string): Promise<string> {
  return built(name, [text], async (_folder, output) => writeFile(output, await parse(text)));
}

/** A fresh folder that is removed at the end of the test. */
export async function temporaryFolder(context: { after: (hook: () => Promise<void>) => void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-test-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A guest that is built when it is asked for the first time, in a folder of its own, and kept by its inputs. */
export async function built(
  name: string,
  inputs: readonly string[],
  build: (folder: string, output: string) => Promise<void>,
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
  const path = join(BUILT, `${name}-${hash}.wasm`);
  if (existsSync(path)) return path;
  await mkdir(BUILT, { recursive: true });
  const folder = await mkdtemp(join(tmpdir(), "cordon-guest-"));
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

/** Builds a component with componentize-js, once: another JavaScript engine, and twelve times the size. */
export function starlingGuest(name: string, source: string, world: string): Promise<string> {
  return built(name, [source, world], async (_folder, output) => {
    const { componentize } = await import("@bytecodealliance/componentize-js");
    const options = { worldName: "guest", disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"] };
    // Its types ask for a path, which this form of the call does without.
    const { component } = await componentize(source, world, options as Parameters<typeof componentize>[2]);
    await writeFile(output, component);
  });
}

/** Where the official WIT of WASI is. */
const WASI_WIT = join(ROOT, "node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12");

/** A component of the `wasi:http/proxy` world in another engine, built with componentize-js from a script's `fetch` event. */
export function fetchGuest(source: string): Promise<string> {
  return built("fetch", [source], async (_folder, output) => {
    const { componentize } = await import("@bytecodealliance/componentize-js");
    // The version of WASI that this engine was made for.
    const packages = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"].map((name) => {
      const text = readFileSync(join(WASI_WIT, `wasi-${name}/package.wit`), "utf8").replaceAll("0.2.12", "0.2.10");
      return `${text.replace(/^(package [^;]+);$/mu, "$1 {")}\n}\n`;
    });
    const world = `package cordon:guest;
      world guest {
        import wasi:http/types@0.2.10;
        import wasi:http/outgoing-handler@0.2.10;
        export wasi:http/incoming-handler@0.2.10;
      }
      ${packages.join("")}`;
    const options = { worldName: "guest" } as Parameters<typeof componentize>[2];
    const { component } = await componentize(source, world, options);
    await writeFile(output, component);
  });
}

/** A guest that runs JavaScript with all of WASI in reach, built from `test/guests/wasi-probe.js`. */
export function wasiProbe(): Promise<string> {
  return wasiGuest("wasi-probe", "probe");
}

/** A component of the `wasi:http/proxy` world, built from `test/guests/proxy.js`; see there for what its paths do. */
export function proxyGuest(): Promise<string> {
  return wasiGuest("proxy", "proxy");
}

/**
 * Builds a component of a world of WASI from `test/guests/NAME.js` and `NAME.wit` with componentize-qjs. The engine's own
 * imports of WASI are stubbed, and the tool would do so with the script's, too; so it is built for packages of another name,
 * which is put right in what comes out.
 */
function wasiGuest(name: string, worldName: string): Promise<string> {
  const [script = "", world = ""] = ["js", "wit"].map((kind) =>
    readFileSync(join(ROOT, `test/guests/${name}.${kind}`), "utf8").replaceAll("wasi:", "wasq:"),
  );
  return built(name, [script, world, "2"], async (folder, output) => {
    for (const part of ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"]) {
      const text = readFileSync(join(WASI_WIT, `wasi-${part}/package.wit`), "utf8");
      await mkdir(join(folder, `wit/deps/${part}`), { recursive: true });
      await writeFile(join(folder, `wit/deps/${part}/package.wit`), text.replaceAll("wasi:", "wasq:"));
    }
    await writeFile(join(folder, "wit/world.wit"), world);
    await writeFile(join(folder, "guest.js"), script);
    const made = join(folder, "made.wasm");
    // prettier-ignore
    await run(join(ROOT, "node_modules/.bin/componentize-qjs"), [
      "--sync", "--stub-wasi", "--opt-size", "--wit", join(folder, "wit"), "--world", worldName,
      "--js", join(folder, "guest.js"), "--output", made,
    ]);
    // Only the outermost imports and exports: within, the engine's and the script's stand side by side. And the engine speaks
    // preview 1 to its stubs, for which the host would take the whole guest for a program of preview 1 and let folders keep
    // their rights.
    const text = (await print(readFileSync(made)))
      .replaceAll('\n  (import "wasq:', '\n  (import "wasi:')
      .replaceAll('\n  (export "wasq:', '\n  (export "wasi:')
      .replaceAll(/\n {2}\(export (\(;\d+;\)|\$\S+) "wasq:/g, '\n  (export $1 "wasi:')
      .replaceAll('"wasi_snapshot_preview1"', '"engine"');
    await writeFile(output, await parse(text));
  });
}
