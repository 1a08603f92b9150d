import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseGrants } from "../../policy/parsing/parse-grants.ts";
import { checkAddress, checkSocketAddress, checkTarget } from "./check.ts";

const HOSTS = [
  "a.test",
  "b.a.test",
  "c.b.a.test",
  "test",
  "localhost",
  "10.0.0.1",
  "[::ffff:10.0.0.1]",
  "[2001:db8::1]",
  "8.8.8.8",
];
const RULES = [
  "a.test",
  "*.a.test",
  "*.test",
  "c.b.a.test",
  "localhost",
  "10.0.0.1",
  "10.0.0.0/8",
  "[2001:db8::1]",
  "*",
  "any",
  "8.8.8.8",
];

/** What no host of these tests is, so that there are rules enough to be looked up. */
const FILLING = Array.from({ length: 20 }, (_, index) => `other-${index}.example`);

test("rules that are looked up decide as those that are gone through", () => {
  const rule = fc.tuple(
    fc.constantFrom("http://", "tcp://", ""),
    fc.constantFrom(...RULES),
    fc.constantFrom(":80", ":443", ":*"),
  );
  const rules = fc.array(
    rule.map((parts) => parts.join("")),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(rules, rules, (allow, deny) => {
      const few = parseGrants({ network: { allow, deny } }, { cwd: "/" }).network;
      const filled = { allow: [...FILLING, ...allow], deny: [...FILLING, ...deny] };
      const many = parseGrants({ network: filled }, { cwd: "/" }).network;
      for (const host of HOSTS) {
        const target = { scheme: "http", host, port: 80 } as const;
        assert.equal(checkTarget(many, target).allowed, checkTarget(few, target).allowed, host);
        for (const address of ["8.8.8.8", "10.0.0.1", "127.0.0.1", "2001:db8::1"]) {
          const at = { ...target, address };
          assert.equal(checkAddress(many, at).allowed, checkAddress(few, at).allowed, `${host} at ${address}`);
          const socket = { scheme: "tcp", address, port: 443, names: [host] } as const;
          assert.equal(checkSocketAddress(many, socket).allowed, checkSocketAddress(few, socket).allowed, address);
        }
      }
    }),
    { numRuns: 300 },
  );
});
