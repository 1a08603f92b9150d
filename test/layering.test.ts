import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));

/** Which modules each module may import. What is not listed is not allowed; data flows down this list. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  cli: ["sandbox", "scanner", "manifest", "signing", "secrets", "component", "policy", "audit", "shared"],
  mcp: ["sandbox", "scanner", "component", "policy", "audit", "shared"],
  scanner: ["sandbox", "component", "shared"],
  sandbox: ["registry", "manifest", "signing", "secrets", "component", "runtime", "host", "policy", "audit", "shared"],
  registry: ["manifest", "component", "policy", "audit", "shared"],
  manifest: ["policy", "shared"],
  signing: ["policy", "shared"],
  secrets: ["policy", "shared"],
  component: ["hardening", "shared"],
  runtime: ["host", "policy", "audit", "shared"],
  host: ["policy", "audit", "shared"],
  hardening: ["shared"],
  policy: ["shared"],
  audit: ["shared"],
  shared: [],
};

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly line: string;
}

function imports(): readonly Import[] {
  const statement = /^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gms;
  return globSync("**/*.ts", { cwd: SOURCES })
    .filter((file) => !file.endsWith(".test.ts") && !file.endsWith(".d.ts"))
    .flatMap((file) =>
      [...readFileSync(join(SOURCES, file), "utf8").matchAll(statement)].map(([line, ...specifiers]) => ({
        from: file,
        specifier: specifiers.find((one) => one !== undefined) ?? "",
        line,
      })),
    );
}

function moduleOf(file: string): string {
  return file.split(sep)[0] ?? "";
}

function targetOf({ from, specifier }: Import): string {
  return normalize(join(dirname(from), specifier));
}

const all = imports();
const relative = all.filter(({ specifier }) => specifier.startsWith("."));

test("the import graph is read at all", () => {
  assert.ok(relative.length > 100, `only ${relative.length} imports were found`);
});

test("modules import only what lies below them", () => {
  const wrong = relative
    .map((one) => ({ from: one.from, to: targetOf(one) }))
    .filter(({ from, to }) => moduleOf(from) !== moduleOf(to))
    .filter(({ from, to }) => !(ALLOWED[moduleOf(from)] ?? []).includes(moduleOf(to)))
    .map(({ from, to }) => `${from} -> ${to}`);
  assert.deepEqual(wrong, []);
});

test("every folder of src is in the list", () => {
  const folders = new Set(globSync("*/*.ts", { cwd: SOURCES }).map(moduleOf));
  for (const folder of folders) assert.ok(Object.hasOwn(ALLOWED, folder), `src/${folder} has no place in the layering`);
});

/** Where WebAssembly is handed to the engine, and whose it is. */
const GIVES_TO_ENGINE: Readonly<Record<string, string>> = {
  "component/compile/compile-modules.ts": "a component's, bounded and counted",
  "component/compile/compile-worker.ts": "the same, in a thread",
  "hardening/harden-module.ts": "a component's module that handles exceptions, bounded and not yet counted",
  "runtime/engine/stacks/stack-depth.ts": "Cordon's own",
  "runtime/engine/stacks/stacks.ts": "Cordon's own, with types that a component chooses, which were counted",
  "runtime/process/child/guest-service.ts": "a component's, in its own process",
  "runtime/worker/metering/guard.ts": "Cordon's own",
  "runtime/worker/stacks/stack-pool.ts": "Cordon's own",
  "runtime/worker/stacks/stack-room.ts": "Cordon's own",
};

test("bytes reach the engine in few places, where what it keeps of them is bounded", () => {
  const gives = /\bWebAssembly\.(?:compile|validate|instantiate)\w*\(|\bnew WebAssembly\.Module\(/u;
  const found = globSync("**/*.ts", { cwd: SOURCES }).filter(
    (file) => !file.endsWith(".test.ts") && gives.test(readFileSync(join(SOURCES, file), "utf8")),
  );
  assert.deepEqual(found.map((file) => file.replaceAll(sep, "/")).sort(), Object.keys(GIVES_TO_ENGINE).sort());
});

test("no file imports itself in a circle", () => {
  const edges = new Map<string, string[]>();
  for (const one of relative) {
    if (/^import type\b|^export type\b/.test(one.line)) continue;
    edges.set(one.from, [...(edges.get(one.from) ?? []), targetOf(one)]);
  }
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `circular import: ${[...path, file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
});

test("no source imports preview2-shim", () => {
  assert.deepEqual(
    all.filter(({ specifier }) => specifier.includes("preview2-shim")),
    [],
  );
});

/** Libraries whose code the build puts into the bundles, so that users do not install them. */
const BUNDLED: ReadonlySet<string> = new Set([
  "@cfworker/json-schema",
  "age-encryption",
  "canonicalize",
  "commander",
  "ipaddr.js",
  "re2js",
  "smol-toml",
  "undici",
  "yaml",
  "zod/mini",
]);

test("the package has no dependencies, and imports nothing but what is bundled", () => {
  const manifest = JSON.parse(readFileSync(join(SOURCES, "../package.json"), "utf8")) as Record<string, unknown>;
  for (const kind of ["dependencies", "optionalDependencies", "peerDependencies"])
    assert.equal(manifest[kind], undefined);
  const outside = all.filter(({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"));
  assert.deepEqual(
    outside.filter(({ specifier }) => !BUNDLED.has(specifier)),
    [],
  );
});

test("there are no barrels and no wildcard exports", () => {
  const wildcard = all.filter(({ line }) => /^export\s*\*/.test(line));
  assert.deepEqual(wildcard, []);
  const indexes = globSync("**/index.ts", { cwd: SOURCES });
  assert.deepEqual(indexes, [join("sandbox", "index.ts")], "the package's entry is the only index file");
});
