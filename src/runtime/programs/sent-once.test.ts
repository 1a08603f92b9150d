import assert from "node:assert/strict";
import { test } from "node:test";
import type { Grants } from "../../policy/grants.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { Invocation } from "../messages.ts";
import { KeptValues, SentOnce } from "./sent-once.ts";

const GRANTS = { cwd: "/" } as Grants;

function invocationWith(limits: Limits, grants: Grants = GRANTS): Invocation {
  return { programId: "p", generation: 1, target: ["f"], parameters: [1], programArguments: ["p"], grants, limits };
}

function limitsOf(fuel: number): Limits {
  return { fuel } as Limits;
}

test("grants and limits are sent once, and are the same objects from then on", () => {
  const [sent, kept] = [new SentOnce(), new KeptValues()];
  let messages = 0;
  const received = (invocation: Invocation): Invocation => {
    const small = sent.invocation(invocation, (message) => {
      messages += 1;
      kept.keep(structuredClone(message));
    });
    return kept.invocation(structuredClone(small));
  };
  const limits = limitsOf(1);
  const first = received(invocationWith(limits));
  const second = received(invocationWith(limits));
  assert.deepEqual(first, invocationWith(limits));
  assert.deepEqual(second, first);
  assert.equal(messages, 2);
  assert.equal(second.limits, first.limits);
  assert.equal(second.grants, first.grants);
});

test("however many there are, each invocation has its own, and few are kept", () => {
  const [sent, kept] = [new SentOnce(), new KeptValues()];
  const numbers = new Set<number>();
  const all = Array.from({ length: 100 }, (_, index) =>
    invocationWith(limitsOf(index), { cwd: `/${index % 7}` } as Grants),
  );
  for (const invocation of [...all, ...all.toReversed(), ...all]) {
    const small = sent.invocation(invocation, (message) => {
      numbers.add(message.number);
      kept.keep(structuredClone(message));
    });
    assert.deepEqual(kept.invocation(small), invocation);
  }
  assert.ok(numbers.size <= 32);
});

// Weakening: limits take any number, that of the grants of the same invocation too.
test("new limits never take the place of the grants that the same invocation has", () => {
  const [sent, kept] = [new SentOnce(), new KeptValues()];
  for (let count = 0; count < 100; count += 1) {
    const invocation = invocationWith(limitsOf(count));
    const small = sent.invocation(invocation, (message) => kept.keep(structuredClone(message)));
    assert.deepEqual(kept.invocation(small), invocation);
  }
});

test("what was not sent is nobody's", () => {
  const small = { ...invocationWith(limitsOf(1)), grants: 0, limits: 1 };
  assert.throws(() => new KeptValues().invocation(small), /without its grants/u);
});
