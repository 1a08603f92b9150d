import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { CordonError } from "../../shared/errors.ts";
import { NO_GRANTS } from "../grants.ts";
import type { GrantsInput } from "./parse-grants.ts";
import { parseGrants } from "./parse-grants.ts";

let base = "";
before(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "cordon-grants-")));
  mkdirSync(join(base, "data"));
  writeFileSync(join(base, "data", "file.txt"), "x");
  symlinkSync("data", join(base, "link"));
});
after(() => rmSync(base, { recursive: true }));

function problem(input: unknown, code = "policy"): string {
  try {
    parseGrants(input as GrantsInput, { cwd: base });
  } catch (error) {
    assert.ok(error instanceof CordonError);
    assert.equal(error.code, code);
    assert.ok(!/[\r\n]/u.test(error.message), "one line");
    return error.message;
  }
  return assert.fail("the grants were accepted");
}

test("nothing written grants nothing, and that is the default", () => {
  const nothing = { ...NO_GRANTS, cwd: base };
  for (const input of [{}, { filesystem: {}, network: {} }, { filesystem: { read: [] }, network: { hosts: [] } }]) {
    assert.deepEqual(parseGrants(input, { cwd: base }), nothing);
  }
  assert.deepEqual(NO_GRANTS, {
    cwd: "/",
    filesystemRead: [],
    filesystemWrite: [],
    filesystemWriteBounds: { create: false, maxFileBytes: 0 },
    preopens: [],
    network: { allow: [], deny: [] },
    listen: [],
    lookup: [],
    environment: [],
    stdin: false,
    process: { kind: "none" },
    clocks: { kind: "none", resolutionNs: 1_000_000 },
    random: { kind: "pseudo", seed: 0n },
    custom: {},
    secrets: [],
  });
});

test("paths are resolved when they are granted, and keep how they were written", () => {
  const grants = parseGrants(
    { filesystem: { read: [".", "link"], write: [join(base, "data/../link/file.txt")] } },
    { cwd: base },
  );
  assert.deepEqual(grants.filesystemRead, [
    { root: base, path: base, except: [], written: "." },
    { root: join(base, "data"), path: join(base, "link"), except: [], written: "link" },
  ]);
  assert.deepEqual(grants.filesystemWrite, [
    {
      root: join(base, "data/file.txt"),
      path: join(base, "link/file.txt"),
      except: [],
      written: join(base, "data/../link/file.txt").replace(base, base),
    },
  ]);
});

test("what is said of all writable folders holds for those of skills; making files is theirs unless it is taken away", () => {
  const unbounded = { create: true, maxFileBytes: Number.MAX_SAFE_INTEGER };
  for (const [input, bounds] of [
    [{}, unbounded],
    [{ create: true }, unbounded],
    [{ create: false }, { ...unbounded, create: false }],
    [
      { maxFileBytes: 5, delete: false },
      { ...unbounded, maxFileBytes: 5 },
    ],
  ] as const) {
    const filesystem = { write: ["data"], ...input };
    assert.deepEqual(parseGrants({ filesystem }, { cwd: base }).filesystemWriteBounds, bounds);
  }
  const { filesystemWriteBounds } = parseGrants({ filesystem: { maxFileBytes: 5 } }, { cwd: base });
  assert.deepEqual(filesystemWriteBounds, NO_GRANTS.filesystemWriteBounds);
});

test("the current folder's own links are resolved", () => {
  assert.equal(parseGrants({}, { cwd: join(base, "link") }).cwd, join(base, "data"));
});

test("hosts and public", () => {
  const { network } = parseGrants({ network: { public: true, hosts: ["localhost:8080"] } }, { cwd: base });
  assert.deepEqual(network, {
    allow: [
      {
        schemes: ["http", "https"],
        target: { kind: "name", name: "localhost" },
        ports: [{ start: 8080, end: 8080 }],
        written: "localhost:8080",
      },
      {
        schemes: ["http", "https"],
        target: { kind: "public" },
        ports: [{ start: 0, end: 65_535 }],
        written: "public",
      },
    ],
    deny: [],
  });
});

test("the result is frozen all through", () => {
  const grants = parseGrants({ filesystem: { read: ["."], write: ["."] }, network: { hosts: ["a.b"] } }, { cwd: base });
  const pending: unknown[] = [grants];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    assert.ok(Object.isFrozen(value), inspect(value));
    if (typeof value === "object" && value !== null)
      pending.push(...Object.values(value).filter((v) => typeof v === "object"));
  }
});

test("a path that does not exist is an error, for reading and for writing", () => {
  assert.match(problem({ filesystem: { read: ["nope"] } }), /^Cannot grant read of "nope": no such file or folder; /);
  assert.match(problem({ filesystem: { write: ["nope"] } }), /^Cannot grant write of "nope": no such file or folder; /);
  assert.match(problem({ filesystem: { read: ["data/file.txt/x"] } }), /no such file or folder/);
  assert.match(problem({ filesystem: { read: [""] } }), /the path is empty/);
  assert.match(problem({ filesystem: { read: ["a\0b"] } }), /NUL/);
});

test("unknown keys name the nearest known one", () => {
  assert.match(problem({ filesytem: {} }), /unknown key "filesytem"; did you mean "filesystem"\?/);
  assert.match(problem({ filesystem: { reed: [] } }), /filesystem: unknown key "reed"; did you mean "read"\?/);
  assert.match(problem({ network: { host: [] } }), /did you mean "hosts"\?/);
  assert.match(
    problem({ capabilities: {} }),
    /the keys are filesystem, network, listen, lookup, environment, stdin, process, clocks, random and custom$/,
  );
  assert.match(problem(JSON.parse('{"__proto__": {"network": {"public": true}}}')), /unknown key "__proto__"/);
});

test("values of the wrong type", () => {
  for (const [input, expected] of [
    [null, /the grants: expected an object .* found null/],
    [[], /found a list/],
    ["public", /found string/],
    [{ network: "public" }, /network: expected an object .* found string/],
    [{ network: { public: "yes" } }, /network.public: expected true or false, found string/],
    [{ network: { hosts: "example.com" } }, /network.hosts: expected a list of strings, found string/],
    [{ network: { hosts: [1] } }, /network.hosts\[0\]: expected a string, found number/],
    [{ filesystem: { read: "." } }, /filesystem.read: expected a list of strings/],
    [{ filesystem: { read: [["."]] } }, /filesystem.read\[0\]: expected a string, found a list/],
  ] as const) {
    assert.match(problem(input), expected);
  }
});

test("inherited properties grant nothing", () => {
  const input: GrantsInput = Object.create({ network: { public: true }, filesystem: { read: ["."] } });
  assert.deepEqual(parseGrants(input, { cwd: base }), { ...NO_GRANTS, cwd: base });
});

test("all problems are reported together", () => {
  const message = problem({
    filesystem: { read: ["nope"], write: [""] },
    network: { public: 1, hosts: ["", "*.example.com"] },
    extra: 1,
  });
  assert.match(message, /^Cannot use the grants, 6 problems: \(1\) .*\(6\) /);
});

test("a current folder that is relative or missing is wrong usage", () => {
  for (const cwd of ["relative", join(base, "nope")]) {
    assert.throws(() => parseGrants({}, { cwd }), { name: "CordonError", code: "usage" });
  }
});
