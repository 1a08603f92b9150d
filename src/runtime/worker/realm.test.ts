import assert from "node:assert/strict";
import { test } from "node:test";
import { LazyBytes } from "../../host/io/lazy-bytes.ts";
import type { HandleShape } from "../../shared/handle-shape.ts";
import { Realm } from "./realm.ts";
import type { BoundFunction, BoundInterface, InstantiationSide } from "./realm-prelude.ts";

/** An empty core module, of the host's realm. */
const MODULE = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));

const SIDE: InstantiationSide = {
  next: (name) => {
    if (name !== "known") throw new TypeError("no such module");
    return { module: MODULE, memories: [] };
  },
  guard: {},
  made: () => undefined,
  drop: (handle) => {
    if (handle === 13) throw new TypeError("host trouble");
  },
  pour: (lazy, memory, offset) => (lazy as LazyBytes).pour(memory, offset),
};

type Calls = Readonly<Record<string, BoundFunction["call"]>>;

function bound(calls: Calls, blocking: boolean, fallible: boolean): readonly BoundFunction[] {
  return Object.entries(calls).map(([name, call]) => ({
    name,
    kind: "function",
    resource: undefined,
    className: "",
    property: name,
    parameters: [],
    result: undefined,
    fallible,
    blocking,
    call,
  }));
}

const THING: HandleShape = { kind: "own", resource: "thing" };
const SELF: HandleShape = { kind: "borrow", resource: "thing" };

/** Functions that answer with handles, which are numbers on the host's side. */
const RESOURCEFUL: readonly BoundFunction[] = [
  ["open", "function", [], THING, () => 7],
  ["bad", "function", [], THING, () => 13],
  [
    "list",
    "function",
    [],
    { kind: "record", fields: { things: { kind: "list", element: THING } } },
    () => ({ things: [1, 2] }),
  ],
  ["[constructor]thing", "constructor", [], THING, ([given]: unknown[]) => given],
  ["self", "method", [SELF], THING, ([self]: unknown[]) => self],
  ["find", "static", [], { kind: "option", element: THING }, () => 9],
  ["number", "function", [SELF], undefined, ([given]: unknown[]) => given],
].map(([property, kind, parameters, result, call]) => ({
  name: property as string,
  kind: kind as BoundFunction["kind"],
  resource: "thing",
  className: "Thing",
  property: property as string,
  parameters: parameters as readonly HandleShape[],
  result: result as HandleShape | undefined,
  fallible: false,
  blocking: false,
  call: (given) => ({ tag: "ok", val: (call as (given: unknown[]) => unknown)(given) }),
}));

const LATER: BoundFunction = {
  ...(RESOURCEFUL.find(({ property }) => property === "self") as BoundFunction),
  property: "later",
  blocking: true,
  call: ([self]) => Promise.resolve({ tag: "ok", val: self }),
};

const IMPORTS: readonly BoundInterface[] = [
  {
    name: "host",
    resources: [{ name: "thing", className: "Thing" }],
    functions: [
      ...RESOURCEFUL,
      LATER,
      ...bound(
        {
          plain: () => ({ tag: "ok", val: { list: [1, { deep: true }] } }),
          bytes: () => ({ tag: "ok", val: Uint8Array.of(1, 2) }),
          lazy: () => ({ tag: "ok", val: { inside: [new LazyBytes(5, (target) => target.fill(7, 0, 4) && 4)] } }),
          late: () => ({ tag: "ok", val: new LazyBytes(5, (target) => target.fill(7).length) }),
          broken: () => ({
            tag: "ok",
            val: new LazyBytes(5, () => {
              throw new TypeError("host trouble");
            }),
          }),
          throws: () => {
            throw new TypeError("host trouble");
          },
          reads: ([given]) => ({ tag: "ok", val: String(given) }),
        },
        false,
        false,
      ),
      ...bound({ fails: () => ({ tag: "err", val: "no" }) }, false, true),
      ...bound(
        {
          waits: () => Promise.resolve({ tag: "ok", val: [1] }),
          atOnce: () => ({ tag: "ok", val: [1] }),
          rejects: () => Promise.reject(new TypeError("host trouble")),
        },
        true,
        false,
      ),
    ],
  },
];

/** Runs code as glue: it sees what generated glue sees. Returns what the code returns or promises. */
async function asGlue(body: string): Promise<Record<string, unknown>> {
  const realm = new Realm(`return function instantiate(getCoreModule, imports, instantiateCore) {
    return { result: (async () => { ${body} })() };
  }`);
  const { exports } = realm.instantiate(SIDE, IMPORTS);
  return (await exports["result"]) as Record<string, unknown>;
}

test("glue sees no process, require, fetch, module loader or worker", async () => {
  const names = ["process", "require", "fetch", "module", "Buffer", "global", "Worker", "XMLHttpRequest", "navigator"];
  const found = await asGlue(`return { found: ${JSON.stringify(names)}.map((name) => typeof globalThis[name]) }`);
  assert.deepEqual(
    JSON.parse(JSON.stringify(found["found"])),
    names.map(() => "undefined"),
  );
});

test("glue cannot make code from strings", async () => {
  for (const attempt of [`eval("1")`, `new Function("return 1")()`, `(async () => {}).constructor("return 1")()`]) {
    await assert.rejects(asGlue(`return { it: ${attempt} }`), { name: "EvalError" });
  }
});

test("glue cannot import modules", async () => {
  await assert.rejects(asGlue(`return import("node:fs").then((fs) => ({ fs }))`));
});

/** Everything the host hands over; from none of it may a path lead to the host's realm. */
const HANDED_OVER: Readonly<Record<string, string>> = {
  getCoreModule: "getCoreModule",
  instantiateCore: "instantiateCore",
  "the import object": "imports",
  "an import": "imports.host.plain",
  "a result": "imports.host.plain()",
  "a list in a result": "imports.host.plain().list",
  "a record in a list": "imports.host.plain().list[1]",
  bytes: "imports.host.bytes()",
  "the buffer of bytes": "imports.host.bytes().buffer",
  "bytes that are read late": "imports.host.lazy().inside[0]",
  "the buffer of bytes that are read late": "imports.host.late().buffer",
  "an err": "imports.host.fails()",
  "what a blocking call answers at once": "imports.host.atOnce()",
  "a class": "imports.host.Thing",
  "a resource": "imports.host.open()",
  "resources in a list": "imports.host.list().things",
  "a constructed resource": "new imports.host.Thing(1)",
  "what a method answers": "imports.host.open().self()",
  "what a static function answers": "imports.host.Thing.find()",
  "a promised resource": "await imports.host.open().later()",
  "an exception of a method":
    "(() => { try { imports.host.Thing.prototype.self.call({}) } catch (error) { return error } })()",
  "an exception of a drop": "(() => { try { imports.host.bad()[Symbol.dispose]() } catch (error) { return error } })()",
  "a stack overflow in a method":
    "(() => { let last; const it = imports.host.open(); const dive = () => { try { it.self(); dive() } catch (error) { last ??= error } }; dive(); return last })()",
  "a stack overflow in a constructor":
    "(() => { let last; const dive = () => { try { new imports.host.Thing(1); dive() } catch (error) { last ??= error } }; dive(); return last })()",
  "an exception": "(() => { try { imports.host.throws() } catch (error) { return error } })()",
  "a core module": "getCoreModule('known')",
  "a core instance": "instantiateCore(getCoreModule('known'))",
  "the exports of a core instance": "[instantiateCore(getCoreModule('known')).exports]",
  "an exception of instantiateCore":
    "(() => { try { instantiateCore(getCoreModule('x')) } catch (error) { return error } })()",
  "an exception of TextDecoder":
    "(() => { try { new TextDecoder().decode(Uint8Array.of(255)) } catch (error) { return error } })()",
  "an exception of encodeInto":
    "(() => { try { new TextEncoder().encodeInto('x', 5) } catch (error) { return error } })()",
  "a promise": "imports.host.waits()",
  "a promised result": "await imports.host.waits()",
  "a rejection": "await imports.host.rejects().catch((error) => error)",
  TextDecoder: "TextDecoder",
  TextEncoder: "new TextEncoder()",
  "encoded bytes": "new TextEncoder().encode('x')",
  "an encoding's result": "new TextEncoder().encodeInto('x', new Uint8Array(3))",
  setTimeout: "setTimeout",
  "a timer": "setTimeout(() => {}, 0)",
  queueMicrotask: "queueMicrotask",
  console: "console",
  "call sites":
    "(() => { Error.prepareStackTrace = (error, sites) => sites; return Array.from(new Error().stack, (site) => [site.getThis(), site.getFunction(), site.getTypeName(), site.getEvalOrigin()]) })()",
  "call sites below host frames": `(() => {
    Error.prepareStackTrace = (error, sites) => sites;
    let found = [];
    imports.host.reads({ toString: () => (found = Array.from(new Error().stack, (site) => [site.getThis(), site.getFunction()]), "x") });
    return found;
  })()`,
  "a stack overflow in a host call":
    "(() => { let last; const dive = () => { try { imports.host.plain(); dive() } catch (error) { last ??= error } }; dive(); return last })()",
  this: "(function () { return this }).call(undefined)",
};

for (const [what, expression] of Object.entries(HANDED_OVER)) {
  test(`no path leads from ${what} to the host's realm`, async () => {
    const { paths } = await asGlue(`
      const paths = [];
      const own = new Set([Function.prototype, Object.prototype]);
      const seen = new Set();
      const walk = (value, path, depth) => {
        if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
        if (depth > 4) return;
        seen.add(value);
        let top = value;
        for (let next; (next = Object.getPrototypeOf(top)) !== null; ) top = next;
        if (top !== Object.prototype && top !== value && Object.getPrototypeOf(value) !== null) paths.push(path + " has a foreign prototype");
        walk(Object.getPrototypeOf(value), path + ".__proto__", depth + 1);
        for (const key of Reflect.ownKeys(value)) {
          const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
          for (const part of ["value", "get", "set"]) walk(descriptor[part], path + "." + String(key), depth + 1);
        }
      };
      return (async () => { walk(${expression}, "it", 0); return { paths } })();`);
    assert.deepEqual(JSON.parse(JSON.stringify(paths)), []);
  });
}

test("bytes that are read late go where the glue says, once, and nowhere else", async () => {
  const found = await asGlue(`
    const [bytes] = imports.host.lazy().inside;
    const { buffer } = new Uint8Array(8);
    const refusal = (work) => { try { work(); return "done" } catch (error) { return [error.constructor === Error, error.message] } };
    const outside = refusal(() => imports.host.lazy().inside[0].pourInto(buffer, 4));
    const count = bytes.pourInto(buffer, 2);
    return {
      length: bytes.byteLength, count, into: [...new Uint8Array(buffer)], outside,
      again: refusal(() => bytes.pourInto(buffer, 0)),
      nowhere: refusal(() => imports.host.lazy().inside[0].pourInto({}, 0)),
      broken: refusal(() => imports.host.broken().pourInto(buffer, 0)),
      short: refusal(() => imports.host.lazy().inside[0].buffer),
      left: [...new Uint8Array(buffer)],
    };`);
  const { outside, nowhere, ...rest } = JSON.parse(JSON.stringify(found)) as Record<string, unknown>;
  assert.deepEqual(rest, {
    length: 5,
    count: 4,
    into: [0, 0, 7, 7, 7, 7, 0, 0],
    again: [true, "the bytes were read before"],
    broken: [true, "host trouble"],
    short: [true, "a file became shorter while it was read"],
    left: [0, 0, 7, 7, 7, 7, 0, 0],
  });
  for (const refused of [outside, nowhere]) assert.equal((refused as unknown[])[0], true);
});

test("a resource stands for the host's number, which the glue cannot choose", async () => {
  const found = await asGlue(`
    const { Thing, open, number } = imports.host;
    const refusals = [{}, 7, null, Object.create(Thing.prototype), new Proxy(open(), {})].map((given) => {
      try { number(given); return "taken" } catch (error) { return error.message }
    });
    return { refusals, seven: number(open()), made: number(new Thing(5)), is: open() instanceof Thing };`);
  assert.deepEqual(JSON.parse(JSON.stringify(found)), {
    refusals: Array.from({ length: 5 }, () => "the guest passed a handle that is none of the host's"),
    seven: 7,
    made: 5,
    is: true,
  });
});

test("glue has nothing that would run code later, when the guest has ended", async () => {
  const names = ["setInterval", "setImmediate", "FinalizationRegistry", "WeakRef", "Atomics"];
  const found = await asGlue(`return { found: ${JSON.stringify(names)}.map((name) => typeof globalThis[name]) }`);
  assert.deepEqual(
    JSON.parse(JSON.stringify(found["found"])),
    names.map(() => "undefined"),
  );
});

test("JSTag is out of reach", async () => {
  const { has } = await asGlue(`return { has: "JSTag" in WebAssembly }`);
  assert.equal(has, false);
});

test("each instance has its own scope of the glue", () => {
  const realm = new Realm(`let count = 0; return function instantiate() { count += 1; return { count } }`);
  for (let round = 0; round < 3; round += 1) {
    assert.equal(realm.instantiate(SIDE, []).exports["count"], 1);
  }
});

test("an export named then is not taken for a promise", () => {
  const realm = new Realm(`return function instantiate() { return { then: () => { throw new Error("called") } } }`);
  assert.equal(typeof realm.instantiate(SIDE, []).exports["then"], "function");
});
