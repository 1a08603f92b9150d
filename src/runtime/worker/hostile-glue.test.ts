import assert from "node:assert/strict";
import { test } from "node:test";
import { Realm } from "./realm.ts";
import type { BoundFunction, InstantiationSide } from "./realm-prelude.ts";

/** An empty core module, of the host's realm. */
const MODULE = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));

const SIDE: InstantiationSide = {
  next: () => ({ module: MODULE, memories: [] }),
  guard: {},
  made: () => undefined,
  drop: () => undefined,
  pour: () => 0,
};

function hostFunction(property: string, call: BoundFunction["call"]): BoundFunction {
  const parts = { kind: "function", resource: undefined, parameters: [], result: undefined, fallible: false } as const;
  return { ...parts, name: property, property, className: "", blocking: false, call };
}

function exceeded(): void {
  throw new RangeError("no stack left");
}

/** Glue that looks at all that the realm's own functions, which it replaces, are called with. */
const SPY = `
  const seen = [];
  const look = (what, value) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
    try {
      if (value.constructor.constructor("return typeof process")() === "object") seen[seen.length] = what;
    } catch {}
  };
  const { apply, construct } = Reflect;
  const holders = { Object, Reflect, Array, Math, Promise, WebAssembly, ArrayBuffer, arrays: Array.prototype,
    maps: WeakMap.prototype, promises: Promise.prototype, functions: Function.prototype };
  for (const [holder, object] of Object.entries(holders)) {
    for (const name of Object.getOwnPropertyNames(object)) {
      const own = Object.getOwnPropertyDescriptor(object, name).value;
      if (name === "constructor" || typeof own !== "function") continue;
      const spy = function (...given) {
        look(holder + "." + name, this);
        for (let index = 0; index < given.length; index += 1) look(holder + "." + name, given[index]);
        return new.target === undefined ? apply(own, this, given) : construct(own, given);
      };
      try { object[name] = spy; } catch {}
    }
  }`;

test("glue that replaces the realm's own functions is given nothing of the host's by them", () => {
  const realm = new Realm(`return (getCoreModule, imports, instantiateCore) => { ${SPY}
    instantiateCore(getCoreModule("core"), {});
    imports.host.answers([1, { a: 1 }]);
    return { seen };
  };`);
  const answers = hostFunction("answers", () => ({ tag: "ok", val: { list: [1, { deep: Uint8Array.of(1) }] } }));
  const { exports } = realm.instantiate(SIDE, [{ name: "host", resources: [], functions: [answers] }]);
  assert.deepEqual([...(exports["seen"] as string[])], []);
});

test("parameters reach the glue as objects of its own realm", () => {
  const realm = new Realm(`return () => ({ take(...given) { ${SPY}
    const walk = (value) => {
      look("parameter", value);
      if (typeof value !== "object" || value === null) return;
      if (value instanceof Map) for (const [key, item] of value) { walk(key); walk(item); }
      for (const key of Reflect.ownKeys(value)) walk(value[key]);
    };
    given.forEach(walk);
    return JSON.stringify([seen, given.map((one) => one instanceof Map ? [...one] : one)]);
  } });`);
  const { exports, parameter } = realm.instantiate(SIDE, []);
  const given = [{ list: [1, { tag: "a", val: Uint8Array.of(3) }] }, "text", new Map([["key", [2]]]), undefined];
  const take = exports["take"] as (...parameters: unknown[]) => string;
  assert.deepEqual(JSON.parse(take(...given.map((one) => parameter(one)))), [
    [],
    [{ list: [1, { tag: "a", val: { 0: 3 } }] }, "text", [["key", [2]]], null],
  ]);
});

test("what the host throws when too much is copied reaches the glue as an error of its own realm", () => {
  const realm = new Realm(`return () => ({ copy() {
    try { new ArrayBuffer(8).slice(0); } catch (error) { return error.constructor === Error; }
  } });`);
  const { exports } = realm.instantiate(SIDE, []);
  realm.occupy({ crossingBytes: 4, exceeded, later: () => undefined });
  assert.equal((exports["copy"] as () => unknown)(), true);
});
