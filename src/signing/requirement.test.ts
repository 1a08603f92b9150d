import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith } from "../../test/support/errors.ts";
import { makeKeyPair } from "./ed25519.ts";
import { assertSignedBy, parseRequirement, type RequirementInput } from "./requirement.ts";
import { instant, type TrustedKey } from "./trusted-key.ts";

const NOW = instant("2027-06-15");
const { publicKey } = makeKeyPair();

function key(name: string, more: Partial<TrustedKey> = {}): TrustedKey {
  return { name, publicKey, level: "community", from: undefined, until: undefined, revoked: undefined, ...more };
}

/** The names that count, or the message of the refusal. */
function judged(input: RequirementInput, signers: readonly TrustedKey[]): string {
  const requirement = parseRequirement(input);
  assert.ok(requirement !== undefined);
  try {
    return assertSignedBy(requirement, signers, { what: "it", now: NOW })
      .map(({ name }) => name)
      .join(" ");
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

test("any trusted key is enough, or as many as are asked for", () => {
  const [a, b] = [key("a"), key("b")];
  assert.equal(judged({ require: "any" }, [a, b]), "a b");
  assert.match(judged({ require: "any" }, []), /^Cannot trust it: it needs 1 signature of trusted keys, and has none$/);
  assert.equal(judged({ require: "any", threshold: 2 }, [a, b]), "a b");
  assert.match(judged({ require: "any", threshold: 2 }, [a]), /it needs 2 signatures of trusted keys, and has a$/);
});

test("of names all are needed, unless a threshold says how many", () => {
  const [a, b, c] = [key("a"), key("b"), key("c")];
  assert.equal(judged({ require: ["a", "b"] }, [a, b, c]), "a b");
  assert.match(
    judged({ require: ["a", "b"] }, [a, c]),
    /needs 2 of the signatures of "a", "b", and has a; not counted: c is not asked for$/,
  );
  assert.equal(judged({ require: ["a", "b"], threshold: 1 }, [b]), "b");
  assert.match(
    judged({ require: ["a"] }, [b]),
    /needs the signature of "a", and has none; not counted: b is not asked for/,
  );
});

test("a key counts while it is valid, is not revoked, and its publisher is known well enough", () => {
  const rows: readonly (readonly [Partial<TrustedKey>, string])[] = [
    [{ from: NOW + 1 }, "is not valid yet"],
    [{ until: NOW }, "is not valid any more"],
    [{ revoked: { at: NOW - 1, reason: "stolen" } }, "is revoked"],
    [{ revoked: { at: NOW + 1, reason: undefined } }, "is revoked"],
    [{ level: "unverified" }, "is unverified"],
  ];
  for (const [more, why] of rows) assert.ok(judged({ require: "any" }, [key("k", more)]).endsWith(`: k ${why}`), why);
  assert.equal(judged({ require: "any" }, [key("k", { from: NOW, until: NOW + 1 })]), "k");
  assert.equal(judged({ require: "any", level: "verified" }, [key("k", { level: "official" })]), "k");
  assert.match(judged({ require: "any", level: "verified" }, [key("k")]), /is of the level community, below verified$/);
  // Named or not, and whatever the least level is said to be.
  assert.match(
    judged({ require: ["k"], level: "unverified" }, [key("k", { level: "unverified" })]),
    /k is unverified$/,
  );
});

test("requirements that say nothing, or that nobody can meet, are refused", async () => {
  assert.equal(parseRequirement({ require: "none" }), undefined);
  const rows: readonly (readonly [RequirementInput, RegExp])[] = [
    [{ require: "none", threshold: 1 }, /says nothing where no signature is required/],
    [{ require: [] }, /the list of names is empty/],
    [{ require: ["a"], threshold: 2 }, /the threshold is a whole number from 1 to 1/],
    [{ require: ["a", "a"], threshold: 2 }, /from 1 to 1/],
    [{ require: "any", threshold: 0 }, /from 1 to 256/],
    [{ require: ["any"] }, /neither any nor none/],
    [{ require: ["A"] }, /as the name of a key/],
    [{ require: ["../a"] }, /as the name of a key/],
  ];
  for (const [input, message] of rows) await failsWith("usage", message, () => parseRequirement(input));
});

test("dates are days or instants that there are", async () => {
  assert.equal(instant("2027-01-31"), Date.UTC(2027, 0, 31));
  assert.equal(instant("2027-01-31T12:00:00Z"), Date.UTC(2027, 0, 31, 12));
  for (const text of ["2027-02-31", "2027-1-1", "tomorrow", "2027-01-31T12:00", "", "2027-01-31T25:00:00Z"]) {
    await failsWith("usage", /Cannot read the date/, () => instant(text));
  }
});
