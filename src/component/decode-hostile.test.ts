import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "../../test/support/wasm-tools.ts";
import * as fc from "fast-check";
import { CordonError } from "../shared/errors.ts";
import { HUGE_COUNT, PREAMBLE, component, name, section } from "./component-bytes.test.ts";
import { decodeComponent } from "./decode-component.ts";
import type { DecodedComponent } from "./decode-component.ts";

function invalid(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert(error instanceof CordonError);
    assert.equal(error.code, "invalid-component");
    assert.match(error.message, pattern);
    assert.match(error.message, /at byte \d+/);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  };
}

/** Decodes, and walks the whole result; anything but a component or a coded error fails the test. */
function decodeOrRefuse(bytes: Uint8Array): DecodedComponent | CordonError {
  try {
    const decoded = decodeComponent(bytes);
    JSON.stringify(structuredClone(decoded));
    return decoded;
  } catch (error) {
    assert(error instanceof CordonError, String(error));
    return error;
  }
}

describe("decodeComponent on broken bytes", () => {
  let small: Uint8Array;
  let large: Uint8Array;

  before(async () => {
    small = await parse(`(component
      (component $c (import "t" (type (sub resource))))
      (import "c" (component $d
        (import "t" (type $t (sub resource)))
        (export "i" (instance (export "t" (type (eq $t)))))
      ))
      (import "host" (instance $host
        (export "file" (type $file (sub resource)))
        (export "open" (func (result (own $file))))
      ))
      (alias export $host "file" (type $file))
      (instance $i (instantiate $d (with "t" (type $file))))
      (instance (instantiate $c (with "t" (type $file))))
      (core module $m (func (export "f") (param i32) (result i32) local.get 0) (@producers (language "C" "17")))
      (core instance $n (instantiate $m))
      (type $v (variant (case "a" u8) (case "b") (case "c" (list u16))))
      (export "v" (type $v))
      (func (export "run") (param "x" u32) (result u32) (canon lift (core func $n "f")))
      (export "out" (instance $i))
    )`);
    large = await buildScript();
  });

  test("decodes the examples as they are", () => {
    assert.equal(decodeComponent(small).interface.exports.functions[0]?.name, "run");
    const { interface: found, coreModules } = decodeComponent(large);
    assert.deepEqual(
      found.imports.interfaces.map((each) => each.name),
      ["test:script/log"],
    );
    assert.deepEqual(
      found.exports.interfaces.map((each) => [each.name, each.types.map((type) => type.name)]),
      [["test:script/api", ["item"]]],
    );
    assert.ok(large.length > 1_000_000 && coreModules.length > 10);
    assert.ok(coreModules.every(({ offset, size }) => WebAssembly.validate(large.slice(offset, offset + size))));
  });

  test("refuses or decodes a component cut short at every byte", () => {
    for (let length = 0; length < small.length; length += 1) {
      const outcome = decodeOrRefuse(small.slice(0, length));
      if (outcome instanceof CordonError) assert.equal(outcome.code, "invalid-component", outcome.message);
    }
  });

  test("refuses or decodes a small component with any one byte changed", () => {
    for (let index = 8; index < small.length; index += 1) {
      for (const value of [0x00, 0x01, 0x7f, 0x80, 0xff, (small[index] ?? 0) ^ 0x01, (small[index] ?? 0) ^ 0x40]) {
        const changed = small.slice();
        changed[index] = value;
        decodeOrRefuse(changed);
      }
    }
  });

  test("refuses or decodes a large component with any one bit flipped", () => {
    // Inside core modules a flip is the engine's to find; what lies around them is what is decoded here.
    const outside = new Uint8Array(large.length).fill(1);
    for (const { offset, size } of decodeComponent(large).coreModules) outside.fill(0, offset, offset + size);
    const offsets = [...outside.keys()].filter((index) => outside[index] === 1);
    fc.assert(
      fc.property(fc.nat(offsets.length - 1), fc.nat(7), (choice, bit) => {
        const changed = large.slice();
        const index = offsets[choice] ?? 0;
        changed[index] = (changed[index] ?? 0) ^ (1 << bit);
        decodeOrRefuse(changed);
      }),
      { numRuns: 300 },
    );
  });

  test("refuses or decodes sections of arbitrary bytes", () => {
    const anySection = fc
      .tuple(fc.nat(13), fc.uint8Array({ maxLength: 40 }))
      .map(([id, content]) => section(id, ...content));
    fc.assert(
      fc.property(fc.array(anySection, { maxLength: 6 }), (sections) => {
        decodeOrRefuse(component(...sections));
      }),
      { numRuns: 2_000 },
    );
  });

  for (const [what, bytes] of [
    ["nothing", new Uint8Array()],
    ["a core module", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)],
    ["text", new TextEncoder().encode("(component)")],
    ["another version", Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0c, 0, 1, 0)],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => decodeComponent(bytes), invalid(/Cannot decode the bytes as a component, at byte 0/));
    });
  }

  for (const [what, sections, pattern] of [
    ["an unknown section", [section(13)], /section 13 is unknown/],
    ["a section longer than the component", [[7, 0x7f]], /announced/],
    ["a section with bytes left over", [section(7, 0, 0)], /goes on after its end/],
    ["a type that refers to itself", [section(7, 1, 0x70, 0)], /type 0 is not defined before its use/],
    ["a type that refers forwards", [section(7, 2, 0x70, 1, 0x7d)], /type 1 is not defined before its use/],
    [
      "a component that instantiates itself",
      [section(4, ...PREAMBLE, ...section(6, 1, 4, 2, 1, 0))],
      /component 0 is not/,
    ],
    ["an alias beyond the outermost component", [section(6, 1, 3, 2, 1, 0)], /further outwards/],
    ["an alias very far out", [section(6, 1, 3, 2, ...HUGE_COUNT, 0)], /further outwards/],
    ["an instance type used as a value type", [section(7, 2, 0x42, 0, 0x70, 0)], /used as a value type/],
    ["a value type used as a resource", [section(7, 2, 0x7d, 0x69, 0)], /used as a resource/],
    ["a record without fields", [section(7, 1, 0x72, 0)], /no fields/],
    ["a field twice", [section(7, 1, 0x72, 2, ...name("a"), 0x7d, ...name("a"), 0x7d)], /"a" occurs twice/],
    [
      "an import twice",
      [section(7, 1, 0x40, 0, 1, 0), section(10, 2, ...[0, 1].flatMap(() => [0, 1, 0x61, 1, 0]))],
      /twice/,
    ],
    ["a name of control characters", [section(10, 1, 0, ...name("\u001b[2J"), 3, 1)], /visible ASCII/],
    ["a name of bidirectional characters", [section(10, 1, 0, ...name("a\u202eb"), 3, 1)], /visible ASCII/],
    ["an empty name", [section(10, 1, 0, 0, 3, 1)], /visible ASCII/],
    ["a name that is not UTF-8", [section(10, 1, 0, 1, 0xff, 3, 1)], /not valid UTF-8/],
    ["a missing argument", [nestedImport(), section(5, 1, 0, 0, 0)], /does not provide "a"/],
    [
      "an argument of another sort",
      [nestedImport(), section(7, 1, 0x7d), section(5, 1, 0, 0, 1, ...name("a"), 3, 0)],
      /declared/,
    ],
    ["an unknown built-in", [section(8, 1, 0x3f)], /canonical definition 0x3f is unknown/],
    ["a broken producers section", [section(0, ...name("producers"), 1, 9)], /announced/],
    ["a core module of another version", [section(1, 0, 0x61, 0x73, 0x6d, 2, 0, 0, 0)], /not a core module's/],
  ] as const satisfies readonly (readonly [string, number[][], RegExp])[]) {
    test(`refuses ${what}`, () => {
      assert.throws(() => decodeComponent(component(...sections)), invalid(pattern));
    });
  }

  for (const [what, sections] of [
    ["types", [section(7, ...HUGE_COUNT)]],
    ["fields", [section(7, 1, 0x72, ...HUGE_COUNT)]],
    ["names of an enum", [section(7, 1, 0x6d, ...HUGE_COUNT)]],
    ["declarations", [section(7, 1, 0x42, ...HUGE_COUNT)]],
    ["parameters", [section(7, 1, 0x40, ...HUGE_COUNT)]],
    ["imports", [section(10, ...HUGE_COUNT)]],
    ["exports", [section(11, ...HUGE_COUNT)]],
    ["bytes of a name", [section(10, 1, 0, ...HUGE_COUNT)]],
    ["core types", [section(3, 1, 0x4e, ...HUGE_COUNT)]],
    ["canonical options", [section(8, 1, 1, 0, 0, ...HUGE_COUNT)]],
    ["producers", [section(0, ...name("producers"), ...HUGE_COUNT)]],
  ] as const satisfies readonly (readonly [string, number[][]])[]) {
    test(`refuses a count of 4,294,967,295 ${what}`, () => {
      assert.throws(() => decodeComponent(component(...sections)), CordonError);
    });
  }

  test("takes names that mean something to JavaScript for plain data", async () => {
    const names = ["constructor", "prototype", "then", "arguments", "eval"];
    const fields = names.map((each) => `(field "${each}" u8)`).join(" ");
    const declared = `(export "then" (type (eq 1))) (export "constructor" (func (param "arguments" 2) (result 2)))`;
    const imports = names.map((each) => `(import "${each}" (instance (type $i)))`).join(" ");
    const bytes = await parse(`(component
      (type $t (record ${fields}))
      (type $i (instance (alias outer 1 $t (type)) (type (record ${fields})) ${declared}))
      ${imports}
    )`);
    const { interface: found } = decodeComponent(bytes);
    assert.deepEqual(
      found.imports.interfaces.map((each) => each.name),
      names,
    );
    const [first] = found.imports.interfaces;
    assert.equal(first?.types[0]?.name, "then");
    assert.deepEqual(first?.functions[0]?.result, first?.types[0]?.type);
  });

  for (const each of ["__proto__", "toString", "hasOwnProperty", "a b", "a--b", "-a", "a-", "1a", "é", ""]) {
    test(`refuses ${JSON.stringify(each)}, which is no name`, () => {
      const record = component(section(7, 1, 0x72, 1, ...name(each), 0x7d));
      assert.throws(() => decodeComponent(record), invalid(/kebab case/));
      const imported = component(section(10, 1, 0, ...name(each), 3, 1));
      assert.throws(() => decodeComponent(imported), invalid(/not a valid name|visible ASCII/));
    });
  }
});

/** A nested component with one import, `a`, of an empty instance type. */
function nestedImport(): number[] {
  return section(4, ...PREAMBLE, ...section(7, 1, 0x42, 0), ...section(10, 1, 0, ...name("a"), 5, 0));
}

/** Compiles a script into a component of about a megabyte, whose WASI imports are other components inside it. */
async function buildScript(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "decode-"));
  try {
    const wit = join(folder, "script.wit");
    const script = join(folder, "script.js");
    const output = join(folder, "script.wasm");
    await writeFile(
      wit,
      `package test:script;
      interface api { record item { id: u32, tags: list<string> } echo: func(i: item) -> result<item, string>; }
      interface log { write: func(line: string); }
      world w { import log; export api; }`,
    );
    await writeFile(
      script,
      `import { write } from "test:script/log"; export const api = { echo(i) { write("x"); return i; } };`,
    );
    const compiler = fileURLToPath(new URL("../../node_modules/.bin/componentize-qjs", import.meta.url));
    const options = ["--sync", "--stub-wasi", "--opt-size", "-m", "-w", wit, "-n", "w", "-j", script, "-o", output];
    await promisify(execFile)(process.execPath, [compiler, ...options]);
    return new Uint8Array(await readFile(output));
  } finally {
    await rm(folder, { recursive: true });
  }
}
