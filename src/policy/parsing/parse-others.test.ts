import assert from "node:assert/strict";
import { test } from "node:test";
import { type GrantsInput, parseGrants } from "./parse-grants.ts";

// Listening, lookups, stdin, clocks, random and custom grants: what they are read as. What they allow is tested at the checks.

function granted(input: GrantsInput): ReturnType<typeof parseGrants> {
  return parseGrants(input, { cwd: "/" });
}

function refused(input: unknown, message: RegExp): void {
  assert.throws(() => parseGrants(input as GrantsInput, { cwd: "/" }), { code: "policy", message });
}

test("listening", () => {
  const both = ["tcp", "udp"];
  assert.deepEqual(granted({ listen: ["tcp://127.0.0.1:8000-8010,9000", "localhost:0"] }).listen, [
    {
      schemes: ["tcp"],
      address: "127.0.0.1",
      prefix: 32,
      ports: [
        { start: 8000, end: 8010 },
        { start: 9000, end: 9000 },
      ],
      written: "tcp://127.0.0.1:8000-8010,9000",
    },
    { schemes: both, address: "127.0.0.0", prefix: 8, ports: [{ start: 0, end: 0 }], written: "localhost:0" },
    { schemes: both, address: "::1", prefix: 128, ports: [{ start: 0, end: 0 }], written: "localhost:0" },
  ]);
  for (const [written, message] of [
    ["", /no address or no port/],
    ["127.0.0.1", /no address or no port/],
    [":8080", /no address or no port/],
    ["8080", /no address or no port/],
    ["::1", /not a DNS name/],
    ["::1:80", /brackets/],
    ["http://127.0.0.1:80", /scheme is not tcp or udp/],
    ["TCP://127.0.0.1:80", /scheme is not tcp or udp/],
    ["example.com:80", /a name is not an address of this machine/],
    ["*.example.com:80", /a name is not/],
    ["public:80", /not an address of this machine/],
    ["127.1:80", /four decimal/],
    ["127.0.0.1:65536", /port/],
    ["127.0.0.1:09", /port/],
    ["127.0.0.1:9-8", /port/],
    ["127.0.0.1:80/x", /no address or no port/],
    ["127.0.0.1:80\n", /no address or no port/],
    ["10.0.0.1/8:80", /first address/],
    ["a".repeat(2_000), /longer/],
  ] as const) {
    refused({ listen: [written] }, message);
  }
  refused({ listen: "127.0.0.1:80" }, /listen: expected a list of strings/);
});

test("lookups", () => {
  assert.deepEqual(granted({ lookup: "any" }).lookup, [{ target: { kind: "any" }, written: "*" }]);
  assert.deepEqual(granted({ lookup: "none" }).lookup, []);
  assert.deepEqual(granted({ lookup: ["A.example", "*.b.example", "localhost"] }).lookup, [
    { target: { kind: "name", name: "a.example" }, written: "A.example" },
    { target: { kind: "suffix", suffix: "b.example" }, written: "*.b.example" },
    { target: { kind: "loopback" }, written: "localhost" },
  ]);
  refused({ lookup: ["10.0.0.1"] }, /it is not a name; write NAME, \*\.SUFFIX or \*/);
  refused({ lookup: ["public"] }, /it is not a name/);
  refused({ lookup: ["a..b"] }, /not a DNS name/);
  refused({ lookup: true }, /lookup: expected a list of strings, found boolean/);
});

test("stdin", () => {
  assert.equal(granted({ stdin: true }).stdin, true);
  assert.equal(granted({}).stdin, false);
  refused({ stdin: "yes" }, /stdin: expected true or false, found string/);
});

test("clocks", () => {
  assert.deepEqual(granted({ clocks: "none" }).clocks, { kind: "none", resolutionNs: 1_000_000 });
  assert.deepEqual(granted({ clocks: "read" }).clocks, { kind: "read", resolutionNs: 1_000_000 });
  assert.deepEqual(granted({ clocks: { resolutionNs: 1 } }).clocks, { kind: "none", resolutionNs: 1 });
  assert.deepEqual(granted({ clocks: { kind: "read", resolutionNs: 1e9 } }).clocks, {
    kind: "read",
    resolutionNs: 1e9,
  });
  for (const resolutionNs of [0, -1, 1.5, Number.NaN, Infinity, 1e16, "1ms", null]) {
    refused(
      { clocks: { resolutionNs } },
      /clocks\.resolutionNs: expected a whole number of nanoseconds from 1 to 10\^15/,
    );
  }
  refused({ clocks: { kind: "write" } }, /clocks\.kind: expected "none", "read" or "virtual", found "write"/);
  refused({ clocks: "full" }, /clocks: expected an object/);
  refused({ clocks: { resolution: 1 } }, /unknown key "resolution"/);
});

test("jitter of clocks", () => {
  assert.deepEqual(granted({ clocks: { kind: "read", jitterNs: 1_000_000 } }).clocks, {
    kind: "read",
    resolutionNs: 1_000_000,
    jitterNs: 1_000_000,
  });
  assert.deepEqual(granted({ clocks: { jitterNs: 0 } }).clocks, { kind: "none", resolutionNs: 1_000_000 });
  refused({ clocks: { jitterNs: 1_000_001 } }, /clocks\.jitterNs: .* from 0 to the resolution, 1000000/);
  refused({ clocks: { resolutionNs: 5, jitterNs: 6 } }, /to the resolution, 5/);
  refused({ clocks: { kind: "virtual", jitterNs: 1 } }, /unknown key "jitterNs"/);
});

test("virtual time", () => {
  const byDefault = { kind: "virtual", resolutionNs: 1_000, stepNs: 1_000, startMs: 946_684_800_000 };
  assert.deepEqual(granted({ clocks: "virtual" }).clocks, byDefault);
  assert.deepEqual(granted({ clocks: { kind: "virtual" } }).clocks, byDefault);
  const own = { kind: "virtual", resolutionNs: 1, stepNs: 7, startMs: 0 } as const;
  assert.deepEqual(granted({ clocks: own }).clocks, own);
  refused({ clocks: { kind: "virtual", stepNs: 0 } }, /clocks\.stepNs: expected a whole number of nanoseconds/);
  refused({ clocks: { kind: "virtual", startMs: -1 } }, /clocks\.startMs: expected a whole number of milliseconds/);
  refused({ clocks: { kind: "read", stepNs: 1 } }, /unknown key "stepNs"/);
});

test("random", () => {
  assert.deepEqual(granted({}).random, { kind: "pseudo", seed: 0n });
  assert.deepEqual(granted({ random: "none" }).random, { kind: "none" });
  assert.deepEqual(granted({ random: "full" }).random, { kind: "full" });
  assert.deepEqual(granted({ random: { seed: 7 } }).random, { kind: "pseudo", seed: 7n });
  assert.deepEqual(granted({ random: { seed: 2n ** 64n - 1n } }).random, { kind: "pseudo", seed: 2n ** 64n - 1n });
  for (const seed of [-1, 2n ** 64n, 1.5, 2 ** 53, "7", undefined]) {
    refused({ random: { seed } }, /random\.seed: expected a whole number from 0 to 2\^64 - 1/);
  }
  refused({ random: "secure" }, /random: expected an object with seed, found string/);
});

test("custom", () => {
  const { custom } = granted({
    custom: { "acme:db/query": true, quota: { minimum: -1, maximum: 2.5 }, region: "eu", tables: ["a", "b"], none: [] },
  });
  assert.deepEqual(custom, {
    "acme:db/query": { kind: "boolean", value: true },
    quota: { kind: "numeric", minimum: -1, maximum: 2.5 },
    region: { kind: "string", value: "eu" },
    tables: { kind: "string-list", values: ["a", "b"] },
    none: { kind: "string-list", values: [] },
  });
  for (const value of [
    1,
    null,
    undefined,
    [1],
    {},
    { minimum: 1 },
    { minimum: 2, maximum: 1 },
    { minimum: 0, maximum: Infinity },
    { minimum: Number.NaN, maximum: 1 },
    { minimum: 0, maximum: 1, value: 1 },
  ]) {
    refused({ custom: { x: value } }, /the custom capability "x": expected true or false, a string/);
  }
  for (const name of ["", "__proto__", "1a", "a b", "a\n", "a".repeat(129)]) {
    refused({ custom: Object.fromEntries([[name, true]]) }, /a name is a letter and up to 127/);
  }
  refused({ custom: ["x"] }, /custom: expected an object, found a list/);
});

test("network: what is wrong with it, all of it", () => {
  refused({ network: "all" }, /network: expected an object with public, hosts, ports, allow and deny, found string/);
  refused({ network: { allow: ["ftp://a.b"] } }, /^Cannot grant the network "ftp:\/\/a\.b": its scheme/);
  refused({ network: { deny: ["a b"] } }, /^Cannot deny the network "a b": it has a space/);
  refused({ network: { allow: [1] } }, /network\.allow\[0\]: expected a string/);
  refused(
    { network: { hosts: [{ host: "a.b", port: 1 }] } },
    /network\.hosts\[0\]: unknown key "port"; did you mean "ports"/,
  );
  refused({ network: { hosts: [{ host: 1 }] } }, /network\.hosts\[0\]\.host: expected a string/);
  refused({ network: { hosts: [{ host: "a b" }] } }, /the host "a b": it is not a DNS name/);
  refused({ network: { hosts: [{ host: "a.b", secure: "yes" }] } }, /secure: expected true or false/);
  refused({ network: { hosts: [{ host: "a.b", ports: 443 }] } }, /ports: expected a list of ports, found number/);
  for (const port of [0, 65_536, 1.5, "80-79", "", { start: 2, end: 1 }, { start: 1 }, null, []]) {
    refused({ network: { ports: [port] } }, /network\.ports\[0\]: a port is a number from 1 to 65535/);
  }
  for (const other of [{ public: true }, { hosts: [] }, { allow: ["a.b"] }]) {
    refused({ network: { ports: [443], ...other } }, /it grants these ports of every public address/);
  }
  assert.equal(granted({ network: { ports: [443], deny: ["evil.example"] } }).network.allow.length, 1);
  assert.equal(granted({ network: { ports: [] } }).network.allow.length, 0);
  // An empty list of ports is no port, and not the default one.
  assert.deepEqual(granted({ network: { hosts: [{ host: "a.b", ports: [] }] } }).network.allow[0]?.ports, []);
});
