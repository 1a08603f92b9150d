import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { componentEmbed, componentNew } from "../../test/support/wasm-tools.ts";
import * as fc from "fast-check";
import type { ComponentInterface, WitInterface, WitType } from "../shared/wit/wit.ts";
import { decodeComponent } from "./decode-component.ts";

// Components are built from WIT by wasm-tools, so what is decoded can be held against what was written.

async function build(wit: string, world: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ witSource: wit, world, dummy: true }), []);
}

async function decodeWit(wit: string, world = "w"): Promise<ComponentInterface> {
  return decodeComponent(await build(wit, world)).interface;
}

const S32: WitType = { kind: "s32" };
const STRING: WitType = { kind: "string" };
const POINT: WitType = {
  kind: "record",
  fields: [
    { name: "x", type: S32 },
    { name: "y", type: S32 },
  ],
  name: "point",
};

const SHAPES = `
  package test:shapes@1.2.3;
  interface types {
    record point { x: s32, y: s32 }
    type size = u64;
    type points = list<point>;
    variant shape { circle(f64), line(tuple<point, point>), nothing }
    enum color { red, dark-green }
    flags permissions { read, write }
    type maybe = option<string>;
    type outcome = result<u8, color>;
    resource file {
      constructor(name: string);
      read: func(length: u32) -> result<list<u8>, string>;
      create: static func(at: point) -> own<file>;
    }
    draw: func(shape: shape, color: color) -> maybe;
    move: func(origin: points, by: size) -> outcome;
    check: func(file: borrow<file>, permissions: permissions) -> result;
    fail: func() -> result<_, color>;
  }
  world both { import types; export types; }
`;

const SHAPES_INTERFACE: WitInterface = {
  name: "test:shapes/types@1.2.3",
  functions: [
    {
      name: "[constructor]file",
      parameters: [{ name: "name", type: STRING }],
      result: { kind: "own", resource: "file" },
      async: false,
    },
    {
      name: "[method]file.read",
      parameters: [
        { name: "self", type: { kind: "borrow", resource: "file" } },
        { name: "length", type: { kind: "u32" } },
      ],
      result: { kind: "result", ok: { kind: "list", element: { kind: "u8" } }, err: STRING },
      async: false,
    },
    {
      name: "[static]file.create",
      parameters: [{ name: "at", type: POINT }],
      result: { kind: "own", resource: "file" },
      async: false,
    },
    {
      name: "draw",
      parameters: [
        {
          name: "shape",
          type: {
            kind: "variant",
            cases: [
              { name: "circle", type: { kind: "f64" } },
              { name: "line", type: { kind: "tuple", elements: [POINT, POINT] } },
              { name: "nothing" },
            ],
            name: "shape",
          },
        },
        { name: "color", type: { kind: "enum", names: ["red", "dark-green"], name: "color" } },
      ],
      result: { kind: "option", element: STRING, name: "maybe" },
      async: false,
    },
    {
      name: "move",
      parameters: [
        { name: "origin", type: { kind: "list", element: POINT, name: "points" } },
        { name: "by", type: { kind: "u64" } },
      ],
      result: {
        kind: "result",
        ok: { kind: "u8" },
        err: { kind: "enum", names: ["red", "dark-green"], name: "color" },
        name: "outcome",
      },
      async: false,
    },
    {
      name: "check",
      parameters: [
        { name: "file", type: { kind: "borrow", resource: "file" } },
        { name: "permissions", type: { kind: "flags", names: ["read", "write"], name: "permissions" } },
      ],
      result: { kind: "result" },
      async: false,
    },
    {
      name: "fail",
      parameters: [],
      result: { kind: "result", err: { kind: "enum", names: ["red", "dark-green"], name: "color" } },
      async: false,
    },
  ],
  resources: ["file"],
  types: [],
};

describe("decodeComponent on components made from WIT", () => {
  test("finds every kind of type in an imported and in an exported interface", async () => {
    const { imports, exports } = await decodeWit(SHAPES, "both");
    for (const side of [imports, exports]) {
      assert.equal(side.interfaces.length, 1);
      assert.deepEqual({ ...side.interfaces[0], types: [] }, SHAPES_INTERFACE);
      const names = side.interfaces[0]?.types.map((type) => type.name).sort();
      assert.deepEqual(names, ["color", "maybe", "outcome", "permissions", "point", "points", "shape"]);
      assert.deepEqual(side.interfaces[0]?.types.find((type) => type.name === "point")?.type, POINT);
      assert.deepEqual([side.functions, side.other], [[], []]);
    }
  });

  test("leaves types that an interface uses from another to where they are defined: values under the local name, resources under their own", async () => {
    const decoded = await decodeWit(`
      package test:uses;
      interface base { record point { x: s32, y: s32 } resource file { size: func() -> u64; } }
      interface user { use base.{point as pt, file as handle}; near: func(p: pt, f: handle, b: borrow<handle>) -> pt; }
      world w { import user; export user; }
    `);
    const base = decoded.imports.interfaces.find((each) => each.name === "test:uses/base");
    assert.deepEqual([base?.resources, base?.types], [["file"], [{ name: "point", type: POINT }]]);
    for (const side of [decoded.imports, decoded.exports]) {
      const user = side.interfaces.find((each) => each.name === "test:uses/user");
      assert.deepEqual([user?.resources, user?.types], [[], []]);
      const renamed: WitType = { ...POINT, name: "pt" };
      assert.deepEqual(user?.functions[0]?.result, renamed);
      assert.deepEqual(
        user?.functions[0]?.parameters.map((parameter) => parameter.type.kind),
        ["record", "own", "borrow"],
      );
    }
    const imported = decoded.imports.interfaces.find((each) => each.name === "test:uses/user");
    assert.deepEqual(imported?.functions[0]?.parameters[1]?.type, { kind: "own", resource: "file" });
  });

  test("reports functions, types and resources of the world itself", async () => {
    const decoded = await decodeWit(`
      package test:root;
      interface base { record point { x: s32, y: s32 } }
      world w {
        use base.{point};
        resource session { close: func(); }
        import log: func(line: string, at: point);
        export run: func(points: list<point>, s: borrow<session>) -> string;
        export helpers: interface { help: func() -> string; }
      }
    `);
    const { imports, exports } = decoded;
    assert.deepEqual(imports.other, [{ name: "session", kind: "resource" }]);
    const functions = imports.functions.toSorted((one, two) => one.name.localeCompare(two.name));
    assert.deepEqual(functions, [
      {
        name: "[method]session.close",
        parameters: [{ name: "self", type: { kind: "borrow", resource: "session" } }],
        async: false,
      },
      {
        name: "log",
        parameters: [
          { name: "line", type: STRING },
          { name: "at", type: POINT },
        ],
        async: false,
      },
    ]);
    assert.deepEqual(exports.functions, [
      {
        name: "run",
        parameters: [
          { name: "points", type: { kind: "list", element: POINT } },
          { name: "s", type: { kind: "borrow", resource: "session" } },
        ],
        result: STRING,
        async: false,
      },
    ]);
    assert.deepEqual(exports.interfaces, [
      {
        name: "helpers",
        functions: [{ name: "help", parameters: [], result: STRING, async: false }],
        resources: [],
        types: [],
      },
    ]);
  });

  test("tells async functions, streams and futures", async () => {
    const decoded = await decodeWit(`
      package test:later;
      interface api { pull: async func(source: stream<u8>, done: future) -> future<result<string>>; push: func(s: stream); }
      world w { import api; }
    `);
    assert.deepEqual(decoded.imports.interfaces[0]?.functions, [
      {
        name: "pull",
        parameters: [
          { name: "source", type: { kind: "stream", element: { kind: "u8" } } },
          { name: "done", type: { kind: "future" } },
        ],
        result: { kind: "future", element: { kind: "result", ok: STRING } },
        async: true,
      },
      { name: "push", parameters: [{ name: "s", type: { kind: "stream" } }], async: false },
    ]);
  });

  test("gives the result as plain data", async () => {
    const decoded = decodeComponent(await build(SHAPES, "both"));
    assert.deepEqual(structuredClone(decoded), decoded);
    assert.deepEqual(JSON.parse(JSON.stringify(decoded)), decoded);
  });

  test("reads any anonymous type back as it was written", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyType, { minLength: 1, maxLength: 12 }), async (types) => {
        const functions = types.map(({ text }, index) => `f${index}: func(p: ${text}) -> ${text};`).join("\n");
        const wit = `package test:any; interface api { ${functions} } world w { import api; export api; }`;
        const { imports, exports } = await decodeWit(wit);
        for (const side of [imports, exports]) {
          const found = side.interfaces[0]?.functions.map(({ parameters, result }) => [parameters[0]?.type, result]);
          assert.deepEqual(
            found,
            types.map(({ type }) => [type, type]),
          );
        }
      }),
      { numRuns: 25 },
    );
  });
});

interface WrittenType {
  readonly text: string;
  readonly type: WitType;
}

const PRIMITIVE_KINDS = [
  "bool",
  "s8",
  "u8",
  "s16",
  "u16",
  "s32",
  "u32",
  "s64",
  "u64",
  "f32",
  "f64",
  "char",
  "string",
] as const;

const { type: anyType } = fc.letrec<{ type: WrittenType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...PRIMITIVE_KINDS).map((kind): WrittenType => ({ text: kind, type: { kind } })),
    tie("type").map(({ text, type }): WrittenType => ({
      text: `list<${text}>`,
      type: { kind: "list", element: type },
    })),
    tie("type").map(({ text, type }): WrittenType => ({
      text: `option<${text}>`,
      type: { kind: "option", element: type },
    })),
    fc.array(tie("type"), { minLength: 1, maxLength: 3 }).map((parts): WrittenType => ({
      text: `tuple<${parts.map((part) => part.text).join(", ")}>`,
      type: { kind: "tuple", elements: parts.map((part) => part.type) },
    })),
    fc.tuple(tie("type"), tie("type")).map(([ok, err]): WrittenType => ({
      text: `result<${ok.text}, ${err.text}>`,
      type: { kind: "result", ok: ok.type, err: err.type },
    })),
    tie("type").map(({ text, type }): WrittenType => ({
      text: `result<_, ${text}>`,
      type: { kind: "result", err: type },
    })),
  ),
}));
