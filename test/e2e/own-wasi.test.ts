import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { HOST_INTERFACES } from "../../src/host/interfaces.ts";
import { WASI_TYPES } from "../../src/host/wasi-types.ts";

/** Interfaces that a guest exports and the host calls. */
const CALLED_BY_THE_HOST: ReadonlySet<string> = new Set(["wasi:cli/run", "wasi:http/incoming-handler"]);

test("every function of stable WASI 0.2 is provided, by this host", () => {
  for (const [name, { resources, functions }] of Object.entries(WASI_TYPES)) {
    if (CALLED_BY_THE_HOST.has(name)) continue;
    const provided = HOST_INTERFACES.find((one) => one.name === name);
    assert.deepEqual([...(provided?.resources ?? [])].sort(), [...resources].sort(), name);
    assert.deepEqual(provided?.functions.map((one) => one.name).sort(), Object.keys(functions).sort(), name);
  }
});

test("resources have names of their own, whatever interface they are of", () => {
  const names = HOST_INTERFACES.flatMap(({ resources = [] }) => resources);
  assert.equal(new Set(names).size, names.length);
});

test("nothing of what is installed holds or loads preview2-shim", () => {
  const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
  const files = globSync("**/*.js", { cwd: dist });
  assert.ok(files.length > 0);
  for (const file of files) {
    const text = readFileSync(dist + file, "utf8");
    assert.ok(
      !/from\s*["'][^"']*preview2-shim|import\(\s*["'][^"']*preview2-shim|@bytecodealliance\/preview2-shim\/lib/.test(
        text,
      ),
      file,
    );
  }
});
