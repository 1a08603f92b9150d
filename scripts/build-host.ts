import { chmod, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { builtinsWithoutFacades } from "./builtins-without-facades.ts";
import { bundledModules } from "./bundled-modules.ts";
import { DECLARED_CORE_MODULES, DECLARED_INTERFACES } from "../src/host/declared-interfaces.ts";
import { policyJsonSchema } from "../src/policy/documents/schema.ts";
import { exec, ROOT } from "./exec.ts";
import { StaticClosure } from "./static-closure.ts";
import { keepReachableTypes } from "./reachable-types.ts";

/** What is bundled from `src/`: the command, the library, and the entries of its worker threads and processes. */
export const HOST_ENTRIES: Readonly<Record<string, string>> = {
  cordon: "cli/entry.ts",
  "runtime-check": "sandbox/runtime-check.ts",
  index: "sandbox/index.ts",
  "guest-worker": "runtime/worker/main.ts",
  "guest-process": "runtime/process/child/main.ts",
  "prepare-worker": "component/preparation/worker.ts",
  "compile-worker": "component/compile/compile-worker.ts",
  "manifest-worker": "manifest/thread/main.ts",
};

/**
 * Whose static imports are one file with it, by entry; the first has what several need. Not the command's, which on an old Node loads
 * nothing but what that can read.
 */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  index: ["sandbox/index.ts"],
};

/** What is loaded before an entry, so that it says what is needed before anything else is evaluated. */
const BANNERS: Readonly<Record<string, string>> = { index: 'import "./runtime-check.js";' };

/** The argument parser can run subcommands as programs of their own. Ours are not, and must never be. */
const NO_CHILD_PROCESSES = {
  name: "no-child-processes",
  resolveId: (id: string, importer: string | undefined) => {
    if (id !== "node:child_process") return undefined;
    return importer?.includes("/node_modules/commander/") === true ? "\0no-child-processes" : { id, external: true };
  },
  load: (id: string): string | undefined =>
    id === "\0no-child-processes"
      ? "const refuse = () => { throw new Error('the command line starts no processes') }; export { refuse as spawn }; export default { spawn: refuse };"
      : undefined,
};

/** Threads that run no guest match what guests import with what the host has, and need none of its code for that. */
const DECLARATIONS_AS_DATA = {
  name: "declarations-as-data",
  load: (id: string): string | undefined =>
    id === join(ROOT, "src/host/declared-interfaces.ts")
      ? `export const DECLARED_INTERFACES = ${JSON.stringify(DECLARED_INTERFACES)};
export const DECLARED_CORE_MODULES = ${JSON.stringify(DECLARED_CORE_MODULES)};`
      : undefined,
};

function groupOf(
  closure: StaticClosure,
  position: number,
): { name: string; test: (id: string) => boolean; priority: number } {
  return { name: `start-${position}`, test: (id) => closure.has(id), priority: -position };
}

function clientPart(path: string): string {
  return JSON.stringify(join(ROOT, "node_modules/undici/lib", path));
}

/** Of the HTTP client, the parts that send requests: a fifth of it, which also loads in a fraction of the time. */
export const HTTP_CLIENT_PARTS = {
  name: "http-client-parts",
  resolveId: (id: string): string | undefined => (id === "undici" ? "\0http-client-parts" : undefined),
  load: (id: string): string | undefined => {
    if (id !== "\0http-client-parts") return undefined;
    // The library's own entry gives its dispatchers their methods as well.
    return `export { default as Client } from ${clientPart("dispatcher/client.js")};
export { default as buildConnector } from ${clientPart("core/connect.js")};
import Dispatcher from ${clientPart("dispatcher/dispatcher.js")};
import request from ${clientPart("api/api-request.js")};
Dispatcher.prototype.request = request;`;
  },
};

const BUILTINS_WITHOUT_FACADES = { name: "builtins-without-facades", renderChunk: builtinsWithoutFacades };

/**
 * Bundles the entries into `dist/bin/` and emits type declarations to `dist/types/`. One file loads in a third of the
 * time of the eighty it is made from; what is needed late stays in chunks of its own. Returns the ids of the modules in
 * the bundles.
 */
export async function buildHost(): Promise<readonly string[]> {
  const modules: string[] = [];
  for (const built of ["dist/bin", "dist/types"]) await rm(join(ROOT, built), { recursive: true, force: true });
  await exec(join(ROOT, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"]);
  keepReachableTypes(join(ROOT, "dist/types"), "sandbox/index.d.ts");
  for (const [name, source] of Object.entries(HOST_ENTRIES)) {
    const together = (TOGETHER[name] ?? []).map((root) => new StaticClosure(join(ROOT, "src", root)));
    const bundle = await rolldown({
      input: { [name]: join(ROOT, "src", source) },
      platform: "node",
      external: /^node:(?!child_process$)/,
      // Runtimes that are too old have to read the library before they can be told so.
      ...(name in BANNERS ? { transform: { target: "es2022" } } : {}),
      plugins: [
        NO_CHILD_PROCESSES,
        HTTP_CLIENT_PARTS,
        DECLARATIONS_AS_DATA,
        BUILTINS_WITHOUT_FACADES,
        ...together.map(({ plugin }) => plugin),
      ],
      // What two chunks share gets a chunk of its own: none imports the entry, which would then run again under another name.
      preserveEntrySignatures: "strict",
    });
    const written = await bundle.write({
      dir: join(ROOT, "dist/bin"),
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: `${name}-[name]-[hash].js`,
      comments: false,
      ...(together.length === 0 ? {} : { codeSplitting: { groups: together.map(groupOf) } }),
      banner: ({ isEntry }) => (isEntry ? (BANNERS[name] ?? "") : ""),
    });
    modules.push(...bundledModules(written));
    await bundle.close();
  }
  await chmod(join(ROOT, "dist/bin/cordon.js"), 0o755);
  await cp(join(ROOT, "wit"), join(ROOT, "dist/assets/wit"), { recursive: true });
  await mkdir(join(ROOT, "dist/assets/schema"), { recursive: true });
  const schema = `${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`;
  await writeFile(join(ROOT, "dist/assets/schema/policy-1.json"), schema);
  return modules;
}
