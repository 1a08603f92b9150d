import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { promisify } from "node:util";
import { Sandbox, type TrapFrame } from "../../src/sandbox/index.ts";
import { cGuest } from "../support/compiled-guests.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, temporaryFolder, textGuest } from "../support/guests.ts";
import { needing, WASMTIME } from "../support/needs.ts";

/** Two core modules, which call each other, with an instruction of one byte that is nowhere else in them: `unreachable`, by its marks. */
const TWO_MODULES = `(component
  (core module $a (global $g (mut i32) (i32.const 1))
    (func (export "trap") (global.set $g (i32.const 2)) (drop (i64.const 0x1122334455667788)) unreachable))
  (core module $b (import "a" "trap" (func $trap)) (memory 1)
    (func (export "f") (memory.fill (i32.const 0) (i32.const 0) (i32.const 9)) (call $trap)))
  (core instance $x (instantiate $a))
  (core instance $y (instantiate $b (with "a" (instance $x))))
  (func (export "f") (canon lift (core func $y "f"))))`;

/** `i64.const 0x1122334455667788`, `drop`, `unreachable`. */
const MARK = Buffer.from("4288ef99abc5e88c91111a00", "hex");

const CRASHING = `
  #include <stdlib.h>
  #include <string.h>
  __attribute__((noinline)) int sum(volatile int *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i]; return s; }
  __attribute__((noinline)) int divide(int a, int b) { return a / b; }
  __attribute__((noinline)) void fill(char *p, unsigned n) { memset(p, 7, n); }
  int main(int argc, char **argv) {
    switch (argv[1][0]) {
      case 'd': return divide(5, argc - 2);
      case 'l': return sum((int *)argv, 1 << 28);
      case 'a': abort();
      case 'm': fill((char *)argv, 0x7fffffff); return argv[0][0];
    }
  }`;

async function framesOf(call: Promise<unknown>): Promise<readonly TrapFrame[]> {
  const { trap } = await failsWith("trap", /./u, call);
  return trap?.frames ?? assert.fail("no frames");
}

for (const isolation of ["thread", "process"] as const) {
  test(`a trap at the level ${isolation} is told by module, offset in it and offset in the file`, async () => {
    const path = await textGuest("trap-places", TWO_MODULES);
    const file = await readFile(path);
    const unreachable = file.indexOf(MARK) + MARK.length - 1;
    const modules = [0, 1].reduce<number[]>(
      (all) => [...all, file.indexOf("\0asm\x01\0\0\0", (all.at(-1) ?? 0) + 1, "latin1")],
      [],
    );
    await using sandbox = await Sandbox.open(path, { isolation, cache: TEST_CACHE });
    const [inner, outer, ...others] = await framesOf(sandbox.call("f"));
    assert.deepEqual(others, []);
    assert.equal(inner?.fileOffset, unreachable);
    assert.equal(inner.offset, unreachable - (modules[0] ?? 0));
    assert.deepEqual([inner.module, outer?.module], [0, 1]);
    assert.equal(file[outer?.fileOffset ?? 0], 0x10, "a call");
    assert.equal((outer?.fileOffset ?? 0) - (outer?.offset ?? 0), modules[1]);
  });
}

suite("the places of a trap", () => {
  test("are found once, and the same for an instance that stays", async () => {
    await using sandbox = await Sandbox.open(await textGuest("trap-places", TWO_MODULES), { cache: TEST_CACHE });
    const all = [];
    for (let left = 2; left > 0; left -= 1) all.push(await framesOf(sandbox.call("f")));
    const instance = await sandbox.instantiate();
    all.push(await framesOf(instance.call("f")), await framesOf(instance.call("f")));
    for (const frames of all) assert.deepEqual(frames, all[0]);
    assert.ok(all[0]?.every(({ offset }) => offset !== undefined));
  });

  test("are unknown where the component cannot be read again as it was", async (context) => {
    const whole = await readFile(await textGuest("trap-places", TWO_MODULES));
    /** The component with a custom section more: another one, of which nothing is known yet. */
    const another = (mark: number): Uint8Array<ArrayBuffer> => Uint8Array.from([...whole, 0, 3, 1, 0x41, mark]);
    const path = join(await temporaryFolder(context), "guest.wasm");
    await writeFile(path, another(1));
    const bytes = another(2);
    for (const [source, change] of [
      [path, () => writeFile(path, another(3))],
      [bytes, async () => bytes.fill(0)],
      [new Blob([another(4)]).stream(), async () => undefined],
    ] as const) {
      await using sandbox = await Sandbox.open(source, { cache: TEST_CACHE });
      await change();
      const frames = await framesOf(sandbox.call("f"));
      assert.deepEqual(
        frames.map(({ index, offset, fileOffset }) => ({ index, offset, fileOffset })),
        [
          { index: 0, offset: undefined, fileOffset: undefined },
          { index: 1, offset: undefined, fileOffset: undefined },
        ],
      );
    }
    const held = another(5);
    await using sandbox = await Sandbox.open(held, { cache: TEST_CACHE });
    assert.ok((await framesOf(sandbox.call("f"))).every(({ offset }) => offset !== undefined));
    assert.equal(held.length, whole.length + 5);
  });

  test(
    "of a program in C are those that wasmtime gives",
    needing(["wasmtime", "clang"], async () => {
      const path = await cGuest("trap-places", CRASHING);
      await using sandbox = await Sandbox.open(path, { cache: TEST_CACHE });
      for (const argument of ["d", "l", "a", "m"]) {
        const expected = await wasmtimeOffsets(path, argument);
        const found = (await framesOf(sandbox.execute([argument]))).map(({ offset }) => offset);
        assert.ok(expected.length > 0);
        assert.deepEqual(found, expected);
      }
    }),
  );
});

async function wasmtimeOffsets(path: string, argument: string): Promise<readonly number[]> {
  const { stderr } = (await promisify(execFile)(WASMTIME, ["run", path, argument]).catch(
    (thrown: unknown) => thrown,
  )) as {
    readonly stderr: string;
  };
  return [...stderr.matchAll(/^\s+\d+:\s+0x([0-9a-f]+) - /gmu)].map(([, hex]) => Number.parseInt(hex ?? "", 16));
}
