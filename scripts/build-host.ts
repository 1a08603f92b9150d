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

/** Modules that are one file with all that they import statically, but for what is in a file before it. */
interface Together {
  readonly name: string;
  readonly roots: readonly string[];
  /** Whether the roots themselves are in files of their own, which export nothing else and need no code of the bundler's for that. */
  readonly apart?: boolean;
}

/**
 * What is one file, by entry. The first two of the command are all that it loads on an old Node, which has to be able to read them. It loads
 * the rest in this order: the first starts the guests' thread, the second reads the command line, the third is what `run` needs.
 */
const TOGETHER: Readonly<Record<string, readonly Together[]>> = {
  cordon: [
    { name: "node-floor", roots: ["shared/machine/node-floor.ts"] },
    { name: "any-node", roots: ["cli/old-node.ts"], apart: true },
    { name: "main", roots: ["cli/main.ts"] },
    { name: "commands", roots: ["cli/commands.ts"] },
    { name: "run", roots: ["cli/commands/run.ts", "sandbox/policy/with-policy.ts"] },
  ],
  index: [{ name: "library", roots: ["sandbox/index.ts"] }],
};

/** What is loaded before an entry, so that it says what is needed before anything else is evaluated. */
const BANNERS: Readonly<Record<string, string>> = { index: 'import "./runtime-check.js";' };

/** Bundles are for engines: without white space they are a fifth smaller. Names stay, for stacks. */
const NO_SPACE = { compress: false, mangle: false, codegen: { removeWhitespace: true } } as const;

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
    const together = (TOGETHER[name] ?? []).map(({ name: file, roots, apart = false }) => {
      const paths = roots.map((root) => join(ROOT, "src", root));
      return { file, closure: new StaticClosure(paths), apart: new Set(apart ? paths : []) };
    });
    const groups = together.map(({ file, closure, apart }, at) => ({
      name: file,
      test: (id: string): boolean => closure.has(id) && !apart.has(id),
      priority: together.length - at,
    }));
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
        ...together.map(({ closure }) => closure.plugin),
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
      minify: NO_SPACE,
      ...(together.length === 0 ? {} : { codeSplitting: { groups } }),
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
