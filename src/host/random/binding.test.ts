import assert from "node:assert/strict";
import { test } from "node:test";
import { callHost, hostContext, InvocationEnded, type TestContext } from "../../../test/support/host-context.ts";
import type { RandomGrant } from "../../policy/grants.ts";
import type { HostInterface } from "../capability.ts";
import { insecureRandom, insecureSeed, random } from "./binding.ts";

const EVERY: readonly (readonly [HostInterface, string, ...bigint[]])[] = [
  [random, "get-random-bytes", 8n],
  [random, "get-random-u64"],
  [insecureRandom, "get-insecure-random-bytes", 8n],
  [insecureRandom, "get-insecure-random-u64"],
  [insecureSeed, "insecure-seed"],
];

function context(grant: RandomGrant, maxCrossingBytes = 1_000_000): TestContext {
  return hostContext({ grants: { random: grant }, limits: { maxCrossingBytes } });
}

function value(asked: TestContext, provider: HostInterface, name: string, ...parameters: readonly bigint[]): unknown {
  return (callHost(provider, name, asked, ...parameters) as { readonly val: unknown }).val;
}

test("without the grant every function traps, and each attempt is recorded first", () => {
  for (const [provider, name, ...parameters] of EVERY) {
    const asked = context({ kind: "none" });
    assert.throws(
      () => value(asked, provider, name, ...parameters),
      /Permission denied: random bytes are not granted/u,
    );
    assert.deepEqual(
      asked.observations.map(({ eventType, action, result }) => [eventType, action, result]),
      [["PolicyViolation", `${provider.name.replace("wasi:random/", "")}.${name}`, "Denied"]],
    );
  }
});

test("with a seed every invocation gets the same, and each interface another sequence", () => {
  const all = (seed: bigint): unknown[] => {
    const asked = context({ kind: "pseudo", seed });
    return EVERY.map(([provider, name, ...parameters]) => value(asked, provider, name, ...parameters));
  };
  assert.deepEqual(all(7n), all(7n));
  assert.notDeepEqual(all(7n), all(8n));
  const first = EVERY.map(([provider, name, ...parameters]) =>
    value(context({ kind: "pseudo", seed: 7n }), provider, name, ...parameters),
  );
  // Bytes and numbers of one interface are the same sequence.
  assert.equal(new DataView((first[0] as Uint8Array<ArrayBuffer>).buffer).getBigUint64(0, true), first[1]);
  assert.notEqual(first[1], first[3]);
  assert.ok(!(first[4] as bigint[]).includes(first[1] as bigint));
  assert.equal(new Set(first[4] as bigint[]).size, 2);
});

test("the sequence of a seed is pinned, as programs are replayed with it", () => {
  const asked = context({ kind: "pseudo", seed: 0n });
  assert.equal(
    Buffer.from(value(asked, random, "get-random-bytes", 16n) as Uint8Array).toString("hex"),
    "e8bb87615cb9bc67bad478dd48b18f35",
  );
});

test("with the full grant the host's generator gives every byte", () => {
  const asked = context({ kind: "full" });
  const bytes = value(asked, random, "get-random-bytes", 200_000n) as Uint8Array;
  assert.equal(bytes.length, 200_000);
  // One chunk of the generator's is 65,536 bytes; none may be left as it was.
  for (let at = 0; at < bytes.length; at += 50_000) assert.ok(new Set(bytes.subarray(at, at + 50_000)).size === 256);
  assert.notDeepEqual(value(asked, insecureSeed, "insecure-seed"), value(asked, insecureSeed, "insecure-seed"));
  assert.deepEqual(value(asked, random, "get-random-bytes", 0n), new Uint8Array(0));
});

test("more than may cross to the guest ends the invocation, before anything is made of it", () => {
  for (const grant of [{ kind: "full" }, { kind: "pseudo", seed: 1n }] as const) {
    const asked = context(grant, 1_000);
    assert.equal((value(asked, random, "get-random-bytes", 1_000n) as Uint8Array).length, 1_000);
    for (const length of [1_001n, 2n ** 32n, 2n ** 64n - 1n]) {
      assert.throws(
        () => value(asked, insecureRandom, "get-insecure-random-bytes", length),
        (thrown: unknown) => {
          assert.ok(thrown instanceof InvocationEnded && thrown.ending.kind === "limit");
          assert.deepEqual([thrown.ending.limit, thrown.ending.cap], ["host-memory", 1_000]);
          return true;
        },
      );
    }
  }
});

// Weakening: the bytes are made without asking in between whether the invocation is to end.
test("while many bytes are made, the invocation can end", () => {
  for (const grant of [{ kind: "full" }, { kind: "pseudo", seed: 1n }] as const) {
    const asked = context(grant, 4_000_000);
    let steps = 0;
    const ending: TestContext = {
      ...asked,
      refuseIfOver: () => {
        steps += 1;
        if (steps === 2) throw new Error("it is over");
      },
    };
    assert.throws(() => value(ending, random, "get-random-bytes", 4_000_000n), /it is over/);
    steps = 2;
    assert.equal((value(ending, random, "get-random-bytes", 4_000_000n) as Uint8Array).length, 4_000_000);
    assert.equal(steps, 6);
  }
});
