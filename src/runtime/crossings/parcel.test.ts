import assert from "node:assert/strict";
import { test } from "node:test";
import { isBulky, opened, pack } from "./parcel.ts";

/** The value as it is received, and in how many steps. */
function received(value: unknown): { readonly value: unknown; readonly steps: number } {
  const { parcel, transfer } = pack(value);
  const steps = opened(structuredClone(parcel, { transfer: [...transfer] as ArrayBuffer[] }));
  for (let count = 0; ; count += 1) {
    const step = steps.next();
    if (step.done === true) return { value: step.value, steps: count };
  }
}

const LONG = "äbc".repeat(1_000_000);

const VALUES: Readonly<Record<string, () => unknown>> = {
  "a text": () => LONG,
  "a text of any characters": () => "a\u{1f600}".repeat(700_001),
  "a list of booleans": () => Array.from({ length: 300_000 }, (_, index) => index % 3 === 0),
  "a list of records": () => Array.from({ length: 30_000 }, (_, index) => ({ id: index, name: `n${index}` })),
  "a list with large elements": () => [
    "short",
    LONG,
    "",
    [LONG, "x"],
    ...Array.from({ length: 3_000 }, () => "y".repeat(200)),
  ],
  "a map": () => new Map(Array.from({ length: 60_000 }, (_, index) => [`key ${index}`, BigInt(index)])),
  "a record": () => ({ tag: "some", val: { text: LONG, numbers: new Uint32Array(200_000).fill(7), none: undefined } }),
  "a list of lists of numbers": () => Array.from({ length: 40 }, (_, index) => new Uint8Array(300_000).fill(index)),
};

for (const [what, make] of Object.entries(VALUES)) {
  test(`${what} is the same when it is taken out of its parcel`, () => {
    assert.ok(isBulky(make()));
    assert.deepEqual(received(make()).value, make());
  });
}

test("a large value is received in many steps", () => {
  assert.ok(received("x".repeat(60 * 1024 * 1024)).steps >= 60);
  assert.ok(received(Array.from({ length: 100_000 }, () => ({ a: 1, b: 2 }))).steps >= 90);
});

test("a list of numbers is handed over and not copied", () => {
  const list = new Float64Array(100_000).fill(1.5);
  const { parcel, transfer } = pack({ list });
  structuredClone(parcel, { transfer: [...transfer] as ArrayBuffer[] });
  assert.equal(list.length, 0);
});

test("a list that shares its buffer with others is copied", () => {
  const buffer = new ArrayBuffer(1_000_000);
  const { value } = received(new Uint8Array(buffer, 0, 600_000));
  assert.equal((value as Uint8Array).length, 600_000);
  assert.equal(buffer.byteLength, 1_000_000);
});

test("what cannot leave its thread is in no parcel", () => {
  assert.throws(() => pack([() => undefined, LONG]), { name: "DataCloneError" });
});
