/** That the code which is left out of what is transpiled makes no difference to what comes of it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { decodeComponent } from "../../src/component/decode-component.ts";
import { hollowed } from "../../src/component/transpile/hollow-modules.ts";
import { failsWith } from "../support/errors.ts";
import { bundled, proxyGuest, testGuest, textGuest, wasiProbe } from "../support/guests.ts";
import { TWO_MEMORIES } from "../support/text-guests.ts";
import { loadTranspiler } from "../support/transpiler.ts";

type Files = ReadonlyMap<string, Uint8Array>;

async function transpiled(component: Uint8Array): Promise<Files> {
  const transpiler = await loadTranspiler();
  const { files } = transpiler.generate(component, {
    name: "component",
    instantiation: { tag: "async" },
    asyncMode: { tag: "jspi", val: { imports: ["wasi:io/poll#[method]pollable.block"], exports: [] } },
    noTypescript: true,
    noNodejsCompat: true,
    base64Cutoff: 0,
    multiMemory: true,
  });
  return new Map(files.map(([name, bytes]) => [name, bytes]));
}

const SOURCES: readonly (readonly [name: string, source: () => Promise<string>])[] = [
  ["one with one of everything", testGuest],
  ["one that imports all of WASI", wasiProbe],
  ["one that answers HTTP requests", proxyGuest],
  ["a bundled one", () => Promise.resolve(bundled("skill-scanner"))],
  ["one of a few instructions", () => textGuest("two-memories", TWO_MEMORIES)],
];

for (const [name, source] of SOURCES) {
  test(`glue and modules are the same without the code: ${name}`, async () => {
    const whole = new Uint8Array(await readFile(await source()));
    const { component, filled } = hollowed(whole, decodeComponent(whole).coreModules);
    assert.equal(component.length, whole.length);
    const [expected, found] = [await transpiled(whole), await transpiled(component)];
    assert.deepEqual([...found.keys()], [...expected.keys()]);
    for (const [file, bytes] of found) {
      const given = file.endsWith(".wasm") ? filled(bytes).whole : bytes;
      assert.ok(Buffer.from(given).equals(expected.get(file) ?? new Uint8Array()), file);
    }
  });
}

test("code is left out, and large modules hold hardly anything", async () => {
  const whole = new Uint8Array(await readFile(await testGuest()));
  const { coreModules } = decodeComponent(whole);
  const { component } = hollowed(whole, coreModules);
  assert.ok(component.filter((byte) => byte !== 0).length < whole.length / 2);
});

test("a module that brings the filling with it stays as it is", async () => {
  const text = `(component
    (core module $m (@custom "cordon:hollow" "\\00\\01") (func (export "f") (result i32) (i32.const 1)))
    (core instance $i (instantiate $m))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
  const whole = new Uint8Array(await readFile(await textGuest("filled-already", text)));
  const { component, filled } = hollowed(whole, decodeComponent(whole).coreModules);
  assert.deepEqual(component, whole);
  const module = [...(await transpiled(component))].find(([name]) => name.endsWith(".wasm"));
  assert.ok(module !== undefined);
  assert.deepEqual(Buffer.from(filled(module[1]).whole), Buffer.from(module[1]));
});

test("a hollow module that was changed is not taken for another", async () => {
  const whole = new Uint8Array(await readFile(await testGuest()));
  const { coreModules } = decodeComponent(whole);
  const { component, filled } = hollowed(whole, coreModules);
  const largest = coreModules.toSorted((one, other) => other.size - one.size)[0] ?? { offset: 0, size: 0 };
  const changed = component.slice(largest.offset, largest.offset + largest.size);
  changed[changed.length - 1] = 1;
  await failsWith("host", /changed a core module/u, () => filled(changed));
});
