import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { transpileBytes } from "@bytecodealliance/jco-transpile";
import type { WitFunction, WitType } from "../../shared/wit.ts";
import { checkArguments, normalizeArguments } from "./check-value.ts";
import { camelCase, upperCamelCase } from "../../shared/naming.ts";
import { parseJsonArgument } from "./from-json.ts";
import { parseWave } from "./parse-wave.ts";
import { printWave } from "./print-wave.ts";
import { toJson } from "./to-json.ts";

// A real component, transpiled and instantiated: its functions return what they are given, so these tests show that the
// shapes of this folder are what the glue takes and returns.

const u8: WitType = { kind: "u8" };
const text: WitType = { kind: "string" };
const option: WitType = { kind: "option", element: u8 };

const PAYLOAD_RECORD: WitType = {
  kind: "record",
  fields: [
    { name: "x-pos", type: { kind: "s32" } },
    { name: "URL-get", type: u8 },
    { name: "to-string", type: { kind: "option", element: text } },
    { name: "delete", type: { kind: "s64" } },
    { name: "twice", type: { kind: "option", element: option } },
    { name: "a-b-c1", type: { kind: "option", element: { kind: "result", err: u8 } } },
  ],
};

const PAYLOAD_VARIANT: WitType = {
  kind: "variant",
  cases: [
    { name: "none-at-all" },
    { name: "some-text", type: text },
    { name: "URL", type: PAYLOAD_RECORD },
    { name: "maybe", type: option },
    { name: "wide", type: { kind: "s64" } },
  ],
};

/** A function that returns its argument. */
interface Echo {
  readonly name: string;
  /** The parameter's and result's type in WIT, with the names of the interface. */
  readonly wit: string;
  readonly type: WitType;
  /** Values as WAVE. */
  readonly values: readonly string[];
}

const ECHOES: readonly Echo[] = [
  {
    name: "http-get",
    wit: "rec",
    type: PAYLOAD_RECORD,
    values: [
      '{x-pos: -1, URL-get: 255, to-string: some("a"), delete: -9223372036854775808, twice: some(none), a-b-c1: some(ok)}',
      "{x-pos: 0, URL-get: 0, delete: 9223372036854775807, twice: some(some(3)), a-b-c1: some(err(4))}",
      "{x-pos: 0, URL-get: 0, delete: 0}",
    ],
  },
  {
    name: "URL-get",
    wit: "var",
    type: PAYLOAD_VARIANT,
    values: [
      "none-at-all",
      'some-text("☃\\u{0}😀")',
      "URL({x-pos: 1, URL-get: 2, delete: 3})",
      "maybe(none)",
      "maybe(some(1))",
      "wide(-1)",
    ],
  },
  {
    name: "get-URL2",
    wit: "color",
    type: { kind: "enum", names: ["red", "dark-green", "URL2"] },
    values: ["red", "dark-green", "URL2"],
  },
  {
    name: "a-b-c1",
    wit: "perms",
    type: { kind: "flags", names: ["can-read", "w", "URL-x"] },
    values: ["{}", "{URL-x}", "{can-read, w, URL-x}"],
  },
  {
    name: "x",
    wit: "option<option<u8>>",
    type: { kind: "option", element: option },
    values: ["none", "some(none)", "some(some(7))"],
  },
  { name: "delete", wit: "option<string>", type: { kind: "option", element: text }, values: ["none", 'some("")'] },
  {
    name: "nested-results",
    wit: "list<result<u8, string>>",
    type: { kind: "list", element: { kind: "result", ok: u8, err: text } },
    values: ['[ok(1), err("no")]', "[]"],
  },
  {
    name: "deep-options",
    wit: "list<option<option<bool>>>",
    type: { kind: "list", element: { kind: "option", element: { kind: "option", element: { kind: "bool" } } } },
    values: ["[none, some(none), some(some(true))]"],
  },
  { name: "l-u8", wit: "list<u8>", type: { kind: "list", element: u8 }, values: ["[]", "[0, 255]"] },
  {
    name: "l-s64",
    wit: "list<s64>",
    type: { kind: "list", element: { kind: "s64" } },
    values: ["[-9223372036854775808, 9223372036854775807]"],
  },
  {
    name: "l-f32",
    wit: "list<f32>",
    type: { kind: "list", element: { kind: "f32" } },
    values: ["[1.1, nan, -inf, 0]"],
  },
  {
    name: "l-char",
    wit: "list<char>",
    type: { kind: "list", element: { kind: "char" } },
    values: ["['a', '😀', '\\u{10ffff}']"],
  },
  {
    name: "tup",
    wit: "tuple<s8, u16, u32, f64, char, option<u8>>",
    type: {
      kind: "tuple",
      elements: [{ kind: "s8" }, { kind: "u16" }, { kind: "u32" }, { kind: "f64" }, { kind: "char" }, option],
    },
    values: ["(-128, 65535, 4294967295, 0.1, 'x', none)"],
  },
  {
    name: "mapped",
    wit: "map<string, u32>",
    type: { kind: "map", key: text, value: { kind: "u32" } },
    values: ['[("a", 1), ("__proto__", 4294967295)]'],
  },
];

const OUTCOME: WitType = { kind: "result", ok: u8, err: PAYLOAD_VARIANT };

const WIT = `package test:echo;
interface shapes {
  record rec {
    x-pos: s32, URL-get: u8, to-string: option<string>, delete: s64, twice: option<option<u8>>,
    a-b-c1: option<result<_, u8>>,
  }
  variant var { none-at-all, some-text(string), URL(rec), maybe(option<u8>), wide(s64) }
  enum color { red, dark-green, URL2 }
  flags perms { can-read, w, URL-x }
  resource my-URL-thing { constructor(); }
${ECHOES.map(({ name, wit }) => `  ${name}: func(value: ${wit}) -> ${wit};`).join("\n")}
  outcome: func(value: result<u8, var>) -> result<u8, var>;
  bare-outcome: func(value: result) -> result;
}
world echo { export shapes; }
`;

const SCRIPT = `const echo = (value) => value;
const outcome = (value) => { if (value.tag === "err") throw value.val; return value.val; };
class MyUrlThing {}
export const shapes = {
  MyUrlThing, outcome, bareOutcome: outcome,
  ${ECHOES.map(({ name }) => `${camelCase(name)}: echo`).join(", ")}
};
`;

const BIN = fileURLToPath(new URL("../../../node_modules/.bin/componentize-qjs", import.meta.url));

type Shapes = Readonly<Record<string, (value: unknown) => unknown>>;

interface Glue {
  readonly instantiate: (
    getCoreModule: (path: string) => WebAssembly.Module,
    imports: Readonly<Record<string, unknown>>,
    instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
  ) => Readonly<Record<string, Shapes>> | Promise<Readonly<Record<string, Shapes>>>;
}

let folder = "";
let shapes: Shapes = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-values-"));
  const [wit, script, wasm, glue] = ["echo.wit", "echo.js", "echo.wasm", "glue.mjs"].map((name) => join(folder, name));
  assert.ok(wit !== undefined && script !== undefined && wasm !== undefined && glue !== undefined);
  await writeFile(wit, WIT);
  await writeFile(script, SCRIPT);
  await promisify(execFile)(process.execPath, [
    BIN,
    "--sync",
    "--stub-wasi",
    "--opt-size",
    "-m",
    `--wit=${wit}`,
    "--world=echo",
    `--js=${script}`,
    `--output=${wasm}`,
  ]);
  const { files } = await transpileBytes(await readFile(wasm), {
    name: "c",
    instantiation: "async",
    wasiShim: false,
    emitTypescriptDeclarations: false,
  });
  const modules = new Map<string, WebAssembly.Module>();
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith(".wasm")) modules.set(name, new WebAssembly.Module(bytes));
    else if (name === "c.js") await writeFile(glue, bytes);
  }
  const { instantiate } = (await import(pathToFileURL(glue).href)) as Glue;
  const module = (name: string): WebAssembly.Module => modules.get(name) ?? assert.fail(name);
  const exported = await instantiate(module, {}, (core, imports) => new WebAssembly.Instance(core, imports));
  shapes = exported["shapes"] ?? assert.fail("no interface");
});

after(() => rm(folder, { recursive: true, force: true }));

function call(name: string, type: WitType, value: unknown): unknown {
  const fn: WitFunction = { name, parameters: [{ name: "value", type }], async: false };
  assert.deepEqual(checkArguments(fn, [value]), []);
  const [normalized] = normalizeArguments(fn, [value]);
  return raw(name, normalized);
}

function raw(name: string, value: unknown): unknown {
  return (shapes[camelCase(name)] ?? assert.fail(name))(value);
}

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return assert.fail("nothing was thrown");
}

for (const { name, type, values } of ECHOES) {
  for (const wave of values) {
    test(`${name} echoes ${wave}`, () => {
      const value = parseWave(wave, type);
      const returned = call(name, type, value);
      // What comes back passes the same check, and means the same in both notations.
      assert.deepEqual(call(name, type, returned), returned);
      assert.equal(printWave(returned, type), wave);
      assert.deepEqual(toJson(returned, type), toJson(value, type));
      assert.deepEqual(call(name, type, parseJsonArgument(JSON.stringify(toJson(value, type)), type)), returned);
    });
  }
}

test("the interface has exactly the names that naming.ts derives", () => {
  const expected = [...ECHOES.map(({ name }) => name), "outcome", "bare-outcome"].map((name) => camelCase(name));
  assert.deepEqual(Object.keys(shapes).toSorted(), [...expected, upperCamelCase("my-URL-thing")].toSorted());
});

test("numeric lists come back as typed arrays, others as arrays", () => {
  assert.ok(call("l-u8", { kind: "list", element: u8 }, [1]) instanceof Uint8Array);
  assert.ok(call("l-f32", { kind: "list", element: { kind: "f32" } }, [1]) instanceof Float32Array);
  assert.ok(call("l-s64", { kind: "list", element: { kind: "s64" } }, [1n]) instanceof BigInt64Array);
  assert.deepEqual(call("l-f32", { kind: "list", element: { kind: "f32" } }, [-0]), Float32Array.of(-0));
  assert.ok(Array.isArray(call("l-char", { kind: "list", element: { kind: "char" } }, ["a"])));
});

test("a result at the top returns the payload of ok and throws the payload of err as it is", () => {
  assert.equal(call("outcome", OUTCOME, { tag: "ok", val: 5 }), 5);
  assert.deepEqual(
    thrownBy(() => call("outcome", OUTCOME, { tag: "err", val: { tag: "some-text", val: "no" } })),
    { tag: "some-text", val: "no" },
  );
  assert.equal(call("bare-outcome", { kind: "result" }, { tag: "ok" }), undefined);
  assert.equal(
    thrownBy(() => call("bare-outcome", { kind: "result" }, { tag: "err" })),
    undefined,
  );
});

test("the glue alone would let wrong values through, which is why they are checked", () => {
  assert.deepEqual(raw("tup", [200, 70_000, -1, 0, "xyz", 300]), [-56, 4464, 4_294_967_295, 0, "x", 44]);
  assert.equal(raw("delete", "\ud800"), "\ufffd");
});
