import assert from "node:assert/strict";
import { test } from "node:test";
import { builtinsWithoutFacades } from "./builtins-without-facades.ts";

const taken = (module: string): string => `globalThis.process.getBuiltinModule("${module}")`;

test("modules of Node's are taken without an import, under the same names", () => {
  for (const [given, expected] of [
    ['import vm from "node:vm";', `const vm = ${taken("node:vm")};`],
    ['import * as path from "node:path";', `const path = ${taken("node:path")};`],
    [
      'import { open as open$1, lstat } from "node:fs/promises";',
      `const { open: open$1, lstat } = ${taken("node:fs/promises")};`,
    ],
    ['import a, { b } from "node:os";', `const a = ${taken("node:os")}; const { b } = ${taken("node:os")};`],
    ['import { x } from "./chunk.js";', 'import { x } from "./chunk.js";'],
  ] as const) {
    assert.equal(builtinsWithoutFacades(`${given}\nrun();\n`), `${expected}\nrun();\n`);
  }
});

test("one that is taken by syntax that is not known stops the build", () => {
  for (const left of [
    'import "node:fs";',
    'import { default as fs } from "node:fs";',
    'import {\n  open,\n} from "node:fs";',
    'import fs from "node:fs" with { type: "x" };',
    'export { open } from "node:fs";',
    'run();\nimport fs from "node:fs";',
  ]) {
    assert.throws(() => builtinsWithoutFacades(`${left}\nrun();\n`), /Cannot bundle/u, left);
  }
});

test("one that is imported when it is needed stays so", () => {
  const code = 'const { spawn } = await import("node:child_process");\n';
  assert.equal(builtinsWithoutFacades(code), code);
});
