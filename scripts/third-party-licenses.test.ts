import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rolldown } from "rolldown";
import { HOST_ENTRIES, HTTP_CLIENT_PARTS } from "./build-host.ts";
import { bundledModules } from "./bundled-modules.ts";
import { ROOT } from "./exec.ts";
import {
  bundledCrates,
  cratesIn,
  keptLicense,
  LICENSES_FILE,
  packagesOf,
  UNKNOWN_LICENSE,
} from "./third-party-licenses.ts";

const document = readFileSync(LICENSES_FILE, "utf8");

test("packages are recognised by the ids of modules", () => {
  assert.deepEqual(
    packagesOf([
      "/home/me/repo/src/cli/main.ts",
      "/home/me/repo/node_modules/commander/lib/command.js",
      "/home/me/repo/node_modules/commander/index.js",
      "/home/me/repo/node_modules/@scope/name/dist/index.js",
      "/home/me/repo/node_modules/outer/node_modules/inner/index.js",
      "\0rolldown/runtime.js",
      "\0no-child-processes",
    ]),
    ["@scope/name", "commander", "inner", "rolldown"],
  );
});

test("crates are recognised by the source locations in a module", () => {
  const text =
    "\0/home/runner/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/serde_json-1.0.150/src/de.rs\x01" +
    "/rust/deps/hashbrown-0.17.1/src/raw.rs crates/runtime/src/lib.rs";
  assert.deepEqual(cratesIn(Buffer.from(text)), ["hashbrown-0.17.1", "serde_json-1.0.150"]);
});

test("every package in the bundles of dist/bin is named, with its licence in full", async () => {
  const modules: string[] = [];
  for (const entry of Object.values(HOST_ENTRIES)) {
    const bundle = await rolldown({
      input: join(ROOT, "src", entry),
      platform: "node",
      external: /^node:/,
      plugins: [HTTP_CLIENT_PARTS],
    });
    modules.push(...bundledModules(await bundle.generate({ format: "esm" })));
    await bundle.close();
  }
  const packages = packagesOf(modules);
  assert.ok(packages.includes("commander") && packages.includes("ipaddr.js"), packages.join());
  for (const name of packages) assertNamed(name);
});

test("what does not come from a bundle of dist/bin is named too", () => {
  for (const name of ["componentize-qjs"]) assertNamed(name);
  for (const name of ["ICU4X", "llhttp", "QuickJS-NG", "rquickjs", "wasi-libc"])
    assert.match(document, new RegExp(`^### ${name}$`, "m"));
  assert.match(document, /Fabrice Bellard/);
  assert.match(document, /Paolo Insogna/);
});

test("every crate that a bundled module names is listed with a licence that is recorded", async () => {
  const crates = await bundledCrates();
  assert.ok(crates.length > 3);
  for (const crate of crates) {
    const [, name = "", version = ""] = /^(.+?)-([0-9].*)$/.exec(crate) ?? [];
    const row = document.split("\n").find((line) => line.startsWith(`| ${name} | ${version} | `));
    assert.ok(row !== undefined, `${crate} is not listed`);
    assert.ok(!row.includes(UNKNOWN_LICENSE), `the licence of ${name} is not recorded in third-party-licenses.ts`);
  }
});

function assertNamed(name: string): void {
  const folder = join(ROOT, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string };
  assert.ok(document.includes(`### ${name} ${version}\n`), `${name} ${version} has no section`);
  const file =
    ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((one) => join(folder, one)).find(existsSync) ?? keptLicense(name);
  assert.ok(file !== undefined, `${name} has no licence file`);
  assert.ok(document.includes(readFileSync(file, "utf8").trim()), `the licence of ${name} is not there in full`);
}
