import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../test/support/wasm-tools.ts";
import fc from "fast-check";
import { failsWith } from "../../test/support/errors.ts";
import { MEMORY_NAMESPACE, memoryField } from "../shared/plan/hardening-profile.ts";
import { capMemories } from "./bound/cap-memories.ts";
import { hardenModule } from "./harden-module.ts";
import { unsignedLeb128 } from "./write/leb128.ts";

/** Instantiates a hardened module with memories of the given maxima. */
function instantiate(hardened: ReturnType<typeof hardenModule>, maxima: readonly number[]): WebAssembly.Instance {
  const memories = hardened.memories.map(({ initialPages }, position) => [
    memoryField(position),
    new WebAssembly.Memory({ initial: initialPages, maximum: maxima[position] ?? initialPages }),
  ]);
  const module = new WebAssembly.Module(hardened.bytes);
  return new WebAssembly.Instance(module, {
    [MEMORY_NAMESPACE]: Object.fromEntries(memories) as Record<string, unknown>,
  });
}

function call(instance: WebAssembly.Instance, name: string, ...parameters: unknown[]): unknown {
  return Reflect.apply(instance.exports[name] as (...given: unknown[]) => unknown, undefined, parameters);
}

test("a defined memory becomes an import, and the module does what it did", async () => {
  const module = await parse(`(module
    (import "" "" (func))
    (memory (export "memory") 1 10)
    (data (i32.const 8) "hello")
    (func (export "load") (param i32) (result i32) local.get 0 i32.load8_u)
    (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))`);
  const hardened = hardenModule(module);
  assert.deepEqual(hardened.memories, [{ initialPages: 1, maximumPages: 10, address64: false, shared: false }]);
  const compiled = new WebAssembly.Module(hardened.bytes);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const instance = new WebAssembly.Instance(compiled, {
    "": { "": () => undefined },
    [MEMORY_NAMESPACE]: { [memoryField(0)]: memory },
  });
  assert.equal(call(instance, "load", 8), "h".charCodeAt(0));
  assert.equal(call(instance, "grow", 2), 1);
  assert.equal(call(instance, "grow", 1), -1);
  assert.equal(instance.exports["memory"], memory);
});

test("several memories keep their indices, behind those the module imports", async () => {
  const module = await parse(`(module
    (import "own" "imported" (memory 1))
    (memory 1) (memory 2)
    (func (export "sizes") (result i32 i32 i32)
      (memory.size 0) (memory.size 1) (memory.size 2)))`);
  const hardened = hardenModule(module);
  assert.deepEqual(
    hardened.memories.map(({ initialPages }) => initialPages),
    [1, 2],
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(hardened.bytes), {
    own: { imported: new WebAssembly.Memory({ initial: 5 }) },
    [MEMORY_NAMESPACE]: {
      m0: new WebAssembly.Memory({ initial: 1, maximum: 1 }),
      m1: new WebAssembly.Memory({ initial: 2, maximum: 2 }),
    },
  });
  assert.deepEqual(call(instance, "sizes"), [5, 1, 2]);
});

test("a module without types or imports gets its import section in the right place", async () => {
  const hardened = hardenModule(await parse(`(module (memory (export "memory") 1))`));
  const { memory } = instantiate(hardened, [4]).exports as { memory: WebAssembly.Memory };
  assert.equal(memory.buffer.byteLength, 65_536);
});

test("a module without a memory is left as it is", async () => {
  const module = await parse(`(module (func (export "f")))`);
  assert.equal(hardenModule(module).bytes, module);
});

test("memory64 is kept as it is declared", async () => {
  const hardened = hardenModule(await parse(`(module (memory i64 1 5))`));
  assert.deepEqual(hardened.memories, [{ initialPages: 1, maximumPages: 5, address64: true, shared: false }]);
  assert.equal(WebAssembly.validate(hardened.bytes), true);
});

test("shared memory is refused unless it is allowed, defined or imported, and stays shared where it is", async () => {
  const defined = await parse(`(module (memory 1 2 shared))`);
  const imported = await parse(`(module (import "a" "b" (memory 1 2 shared)))`);
  for (const module of [defined, imported]) {
    await failsWith("unsupported", /threads/, () => hardenModule(module));
    assert.equal(WebAssembly.validate(hardenModule(module, { meter: true, allow: { threads: true } }).bytes), true);
  }
  const { bytes, memories } = hardenModule(defined, { allow: { threads: true } });
  assert.deepEqual(memories, [{ initialPages: 1, maximumPages: 2, address64: false, shared: true }]);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
  const module = new WebAssembly.Module(new Uint8Array(bytes));
  assert.doesNotThrow(() => new WebAssembly.Instance(module, { [MEMORY_NAMESPACE]: { m0: memory } }));
});

test("custom page sizes are refused", async () => {
  const custom = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 0x08, 1, 0);
  await failsWith("unsupported", /page size/, () => hardenModule(custom));
});

test("sections out of shape are refused", async () => {
  const preamble = [0, 97, 115, 109, 1, 0, 0, 0];
  const memory = [5, 3, 1, 0, 1];
  await failsWith("invalid-component", /second section/, () =>
    hardenModule(Uint8Array.of(...preamble, ...memory, ...memory)),
  );
  await failsWith("invalid-component", /after the last memory/, () =>
    hardenModule(Uint8Array.of(...preamble, 5, 4, 1, 0, 1, 0)),
  );
  await failsWith("invalid-component", /announced/, () =>
    hardenModule(Uint8Array.of(...preamble, 5, 5, 0xff, 0xff, 0xff, 0xff, 0x0f)),
  );
  await failsWith("invalid-component", /not a core module/, () =>
    hardenModule(Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0)),
  );
});

test("a module cut anywhere is refused or hardened, and nothing else", async () => {
  const whole = await parse(`(module
    (import "a" "b" (func (param i32)))
    (import "a" "t" (table 1 2 funcref))
    (import "a" "g" (global (mut i64)))
    (memory (export "memory") 1 10)
    (func (export "f")))`);
  for (let length = 0; length < whole.length; length += 1) {
    try {
      hardenModule(whole.subarray(0, length));
    } catch (error) {
      assert.equal((error as { code?: unknown }).code, "invalid-component");
    }
  }
});

test("capping lowers maxima and raises none", async () => {
  const capped = hardenModule(capMemories(await parse(`(module (memory 1) (memory 1 5) (memory 1 500))`), 100));
  assert.deepEqual(
    capped.memories.map(({ maximumPages }) => maximumPages),
    [100, 5, 100],
  );
});

test("LEB128 round trips through the platform's own reader", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
      let read = 0n;
      for (const [index, byte] of unsignedLeb128(value).entries()) read |= BigInt(byte & 0x7f) << BigInt(7 * index);
      assert.equal(read, value);
    }),
  );
});
