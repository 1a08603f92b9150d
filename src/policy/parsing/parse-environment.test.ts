import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { EnvironmentInput } from "./parse-environment.ts";
import { parseGrants } from "./parse-grants.ts";

const HOST = { PATH: "/bin", HOME: "/home/x", SECRET: "s3cret", EMPTY: "", GONE: undefined };

function seen(environment: EnvironmentInput | undefined, env: Record<string, string | undefined> = HOST): unknown {
  const input = environment === undefined ? {} : { environment };
  return Object.fromEntries(parseGrants(input, { cwd: "/", env }).environment);
}

function refused(environment: unknown, message: RegExp, env: Record<string, string> | "none" = {}): void {
  const base = { cwd: "/", ...(env === "none" ? {} : { env }) };
  assert.throws(() => parseGrants({ environment: environment as EnvironmentInput }, base), { code: "policy", message });
}

test("nothing of the host's environment is passed unless it is named", () => {
  for (const environment of [undefined, "none", {}, { set: {} }, { allow: [] }] as const) {
    assert.deepEqual(seen(environment), {});
  }
  assert.deepEqual(seen({ set: { A: "1" } }), { A: "1" });
});

test("allow and deny lists, all, and full", () => {
  assert.deepEqual(seen({ allow: ["PATH", "NOT_THERE", "GONE", "EMPTY"] }), { PATH: "/bin", EMPTY: "" });
  assert.deepEqual(seen({ deny: ["SECRET"] }), { PATH: "/bin", HOME: "/home/x", EMPTY: "" });
  assert.deepEqual(seen({ allow: ["PATH", "SECRET"], deny: ["SECRET"] }), { PATH: "/bin" });
  const everything = { PATH: "/bin", HOME: "/home/x", SECRET: "s3cret", EMPTY: "" };
  assert.deepEqual(seen("full"), everything);
  assert.deepEqual(seen({ allow: "all", set: { PATH: "/usr/bin" } }), { ...everything, PATH: "/usr/bin" });
  assert.deepEqual(seen({ allow: ["PA*", "path", "^P"] }), {}, "names are exact");
});

test("what is wrong is reported", () => {
  refused({ deny: [] }, /an empty list would pass every variable; write allow: "all"/);
  refused({ set: { A: "1" }, deny: ["A"] }, /Cannot set the variable "A": environment\.deny names it as well/);
  refused({ set: { "A=B": "1" } }, /"A=B": it has an equals sign/);
  refused({ set: { "": "1" } }, /empty name/);
  refused({ set: { A: "a\0b" } }, /NUL/);
  refused({ set: { A: "\ud800" } }, /not valid Unicode/);
  refused({ set: { A: 1 } }, /"A": expected a string, found number/);
  refused({ set: ["A=1"] }, /environment\.set: expected an object of strings, found a list/);
  refused({ allow: ["A="] }, /environment\.allow: "A=" has an equals sign/);
  refused({ allow: "PATH" }, /environment\.allow: expected a list of strings/);
  refused({ inherit: true }, /environment: unknown key "inherit"/);
  refused("all", /environment: expected an object .*found string/);
  for (const environment of ["full", { allow: ["PATH"] }, { deny: ["PATH"] }]) {
    refused(environment, /its environment was not given/, "none");
  }
});

test("the host's own odd variables are left out", () => {
  assert.deepEqual(seen("full", { "=C:": "C:\\", "": "x", OK: "1" }), { OK: "1" });
});

test("what opens the secrets is never passed", () => {
  const env = { CORDON_SECRETS_KEY: "x", OK: "1" };
  for (const input of ["full", { allow: "all" }, { deny: ["PATH"] }] as const)
    assert.deepEqual(seen(input, env), { OK: "1" });
  refused({ allow: ["CORDON_SECRETS_KEY"] }, /it opens all secrets, and no guest ever gets it/);
});

test("a name such as __proto__ is a name like others", () => {
  const set = Object.fromEntries([["__proto__", "1"]]);
  assert.deepEqual(parseGrants({ environment: { set } }, { cwd: "/" }).environment, [["__proto__", "1"]]);
});

test("what is passed is what is allowed, less what is denied", () => {
  const name = fc.stringMatching(/^[A-Z_]{1,2}$/);
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.string({ unit: "grapheme-ascii" })),
      fc.array(name),
      fc.array(name, { minLength: 1 }),
      (env, allow, deny) => {
        const own = (list: readonly string[]): string[] => Object.keys(env).filter((one) => list.includes(one));
        const names = (input: EnvironmentInput): string[] => Object.keys(seen(input, env) as object).sort();
        assert.deepEqual(names({ allow }), own(allow).sort());
        const kept = own(Object.keys(env)).filter((one) => !deny.includes(one));
        assert.deepEqual(names({ deny }), kept.sort());
        assert.deepEqual(names({ allow, deny }), kept.filter((one) => allow.includes(one)).sort());
      },
    ),
    { numRuns: 200 },
  );
});
