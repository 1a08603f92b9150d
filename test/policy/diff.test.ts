import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { checkSocketAddress, checkTarget } from "../../src/host/net/check.ts";
import { ACCESS } from "../../src/policy/storage/access.ts";
import { RuleIndex } from "../../src/policy/storage/rule-index.ts";
import { diffPolicies, type PolicyDiff } from "../../src/sandbox/policy/diff/diff-policies.ts";
import { needing } from "../support/needs.ts";
import { documentOf, grantsOf } from "../support/policy.ts";

const permitting = (permissions: object, more: object = {}): string =>
  JSON.stringify({ version: "1.0", permissions, ...more });

function diff(before: string, after: string): PolicyDiff {
  return diffPolicies(documentOf(before), documentOf(after));
}

const storage = (allow: readonly (readonly [string, ...string[]])[], deny: readonly string[] = []): string =>
  permitting({
    storage: {
      allow: allow.map(([uri, ...access]) => ({ uri: `fs:///none/${uri}`, access })),
      deny: deny.map((uri) => ({ uri: `fs:///none/${uri}` })),
    },
  });
const network = (allow: readonly object[], deny: readonly object[] = []): string =>
  permitting({ network: { allow, deny } });

const NOTHING = { gained: [], lost: [] };

test("what is said otherwise is neither gained nor lost", () => {
  const same: readonly (readonly [string, string])[] = [
    [
      storage([["a", "read", "write"]]),
      storage([
        ["a", "read", "modify"],
        ["a", "create", "delete"],
      ]),
    ],
    [
      storage([["**", "read"]]),
      storage([
        ["**", "read"],
        ["a/*.txt", "read"],
        ["b", "read"],
      ]),
    ],
    [storage([["a/**", "read"]]), storage([["a", "read"]])],
    [storage([["**", "read"]], ["s/**"]), storage([["**", "read"]], ["s", "s/x*"])],
    [
      network([{ cidr: "10.0.0.0/8", port: 1 }]),
      network([
        { cidr: "10.0.0.0/9", port: 1 },
        { cidr: "10.128.0.0/9", port: "1-1" },
      ]),
    ],
    [
      network([{ host: "*.a.com", port: "1-9" }]),
      network([
        { host: "*.a.com", port: "5-9" },
        { host: "x.a.com", port: 3 },
        { host: "*.a.com", port: "1-4" },
      ]),
    ],
    [network([], [{ cidr: "10.0.0.0/8" }]), network([], [{ cidr: "10.0.0.0/9" }, { cidr: "10.128.0.0/9" }])],
    [permitting({ listen: ["tcp://127.0.0.1:80"] }), permitting({ listen: ["tcp://127.0.0.1:80-80"] })],
    [
      permitting({}, { limits: { timeoutMs: 5_000 } }),
      permitting({}, { limits: { timeoutMs: 5_000, profile: "minimal" } }),
    ],
  ];
  for (const [one, other] of same) {
    assert.deepEqual(diff(one, other), NOTHING, `${one}\n${other}`);
    assert.deepEqual(diff(other, one), NOTHING, `${other}\n${one}`);
  }
});

test("each thing more is gained, and lost the other way round", () => {
  const rows: readonly (readonly [before: string, after: string, gained: RegExp])[] = [
    [
      storage([["a", "read"]]),
      storage([
        ["a", "read"],
        ["b/*", "read"],
      ]),
      /^storage: read fs:\/\/\/none\/b\/\* \(such as \/none\/b\/…\)$/u,
    ],
    [storage([["a", "read"]]), storage([["a", "read", "create"]]), /^storage: create /u],
    [storage([["*.txt", "read"]]), storage([["*t", "read"]]), /^storage: read /u],
    [
      storage([["a", "read"]], ["a/s"]),
      storage([["a", "read"]]),
      /^no longer denied: storage: read, write fs:\/\/\/none\/a\/s /u,
    ],
    [storage([], ["s"]), storage([]), /^no longer denied: /u],
    [storage([["a", "read"]], ["a/**/s"]), storage([["a", "read"]], ["a/*/s"]), /^no longer denied: /u],
    [network([{ host: "a.com" }]), network([{ host: "*.com" }]), /^network: https?:\/\/\*\.com:/u],
    [
      network([{ cidr: "10.0.0.0/9", port: 1 }]),
      network([{ cidr: "10.0.0.0/8", port: 1 }]),
      /^network: \w+:\/\/10\.0\.0\.0\/8:1$/u,
    ],
    [
      network([{ cidr: "::/0", port: 1 }]),
      network([
        { cidr: "::/0", port: 1 },
        { cidr: "::ffff:10.0.0.0/104", port: 1 },
      ]),
      /^network: /u,
    ],
    [network([{ host: "a.com", port: 80 }]), network([{ host: "a.com", port: "80-90" }]), /:81-90$/u],
    [
      network([], [{ host: "a.com" }]),
      network([], [{ host: "b.a.com" }]),
      /^no longer denied: network: \w+:\/\/a\.com:/u,
    ],
    [permitting({ environment: { deny: [{ key: "A" }] } }), permitting({}), /^no longer denied: environment: A$/u],
    [permitting({}), permitting({ environment: { allow: [{ key: "A", value: "b" }] } }), /^environment: A=b$/u],
    [permitting({}), permitting({ stdin: true }), /^stdin$/u],
    [permitting({}), permitting({ clocks: "read" }), /^clocks: /u],
    [permitting({}), permitting({ random: "full" }), /^random: full$/u],
    [permitting({}), permitting({ lookup: ["a.com"] }), /^lookup: a\.com$/u],
    [permitting({}), permitting({ listen: ["udp://127.0.0.1:53"] }), /^listen: /u],
    [permitting({}), permitting({ custom: { x: true } }), /^custom: x /u],
    [
      permitting({}),
      permitting({}, { limits: { timeoutMs: 600_000, cpuTimeMs: 30_000, idleTimeoutMs: 60_000 } }),
      /^limits: /u,
    ],
    [permitting({}, { isolation: "process" }), permitting({}, { isolation: "thread" }), /^isolation: thread$/u],
    [permitting({}, { signature: { require: "any" } }), permitting({}), /^signature: /u],
    [permitting({}), permitting({}, { enforce: "log" }), /^enforce: log/u],
    [
      permitting({}, { rates: { calls: "1 per second" } }),
      permitting({}, { rates: { calls: "2 per second" } }),
      /^no longer denied: more than 1 call per second$/u,
    ],
    [
      permitting({}, { audit: { file: "/x" } }),
      permitting({}, { audit: { file: "/x", level: "denials" } }),
      /^no longer denied: recorded/u,
    ],
    [permitting({}, { fence: {} }), permitting({}), /^fence: other documents are bounded by none$/u],
    [permitting({}, { match: { name: "a" } }), permitting({}), /^not decided, so taken as gained: match/u],
  ];
  for (const [before, after, expected] of rows) {
    const { gained, lost } = diff(before, after);
    assert.ok(
      gained.some((text) => expected.test(text)),
      `${before}\n${after}\n${gained.join("\n")}`,
    );
    if (!gained.some((text) => text.startsWith("not decided"))) {
      assert.ok(diff(after, before).lost.length >= gained.length, `${before}\n${after}`);
    }
    if (lost.length === 0 && !before.includes("match"))
      assert.deepEqual(diff(after, before).gained, [], `${after}\n${before}`);
  }
});

test(
  "rules are compared by where their links lead now",
  needing(["posix"], () => {
    const base = realpathSync(mkdtempSync(join(tmpdir(), "cordon-diff-")));
    try {
      mkdirSync(join(base, "w"));
      mkdirSync(join(base, "elsewhere"));
      symlinkSync("../elsewhere", join(base, "w/link"));
      const of = (path: string): string =>
        permitting({ storage: { allow: [{ uri: `fs://${base}/${path}`, access: ["read"] }] } });
      assert.equal(diff(of("w/**"), of("w/link/**")).gained.length, 1);
      assert.deepEqual(diff(of("elsewhere"), of("w/link/**")), NOTHING);
    } finally {
      rmSync(base, { recursive: true });
    }
  }),
);

const NAMES = ["a", "b", "ab", "ba", "aa", "abab"];
const segment = fc.constantFrom("a", "b", "ab", "*", "a*", "*b", "a*b", "ab*", "*ba", "**");
const uri = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => all.join("/"));
const words = fc.subarray(["read", "modify", "create", "delete"], { minLength: 1 });
const rule = fc.tuple(uri, words).map(([path, access]): readonly [string, ...string[]] => [path, ...access]);
const files = fc
  .tuple(fc.array(rule, { maxLength: 4 }), fc.array(uri, { maxLength: 3 }))
  .map(([allow, deny]) => storage(allow, deny));

function indexOf(text: string): RuleIndex {
  const grants = grantsOf(text);
  const rules = [...grants.filesystemRead, ...grants.filesystemWrite].find((one) => one.rules !== undefined)?.rules;
  return new RuleIndex(rules ?? { allow: [], deny: [], fences: [] });
}

test("no gain of files is missed, and none is told that there is not", () => {
  const paths = NAMES.flatMap((one) => [
    one,
    ...NAMES.flatMap((two) => [`${one}/${two}`, `${one}/${two}/a`, `${one}/${two}/abb/x`]),
  ]);
  fc.assert(
    fc.property(files, files, (before, after) => {
      const { gained } = diff(before, after);
      const [old, made] = [indexOf(before), indexOf(after)];
      const more = paths.filter((path) => (made.of(`/none/${path}`).rights & ~old.of(`/none/${path}`).rights) !== 0);
      if (more.length > 0) assert.notDeepEqual(gained, [], `${more.join()}\n${before}\n${after}`);
      for (const text of gained.filter((one) => one.startsWith("storage: "))) {
        const [, access = "", path = ""] = /^storage: (\w+).*\(such as (.*)\)$/u.exec(text) ?? [];
        const real = path.replaceAll("…", "~");
        const bits = access === "write" ? ACCESS.modify : ACCESS[access as keyof typeof ACCESS];
        assert.equal(made.of(real).rights & bits & ~old.of(real).rights, bits, `${text}\n${before}\n${after}`);
      }
    }),
    { numRuns: 200 },
  );
});

const hosts = fc.constantFrom("a.com", "x.a.com", "*.a.com", "*.com", "*", "any", "localhost");
const blocks = fc.constantFrom(
  "10.0.0.0/8",
  "10.0.0.0/9",
  "10.128.0.0/9",
  "10.0.0.1/32",
  "0.0.0.0/0",
  "::/0",
  "::ffff:0:0/96",
  "93.184.216.34/32",
);
const entry = fc
  .tuple(
    fc.oneof(
      hosts.map((host) => ({ host })),
      blocks.map((cidr) => ({ cidr })),
    ),
    fc.constantFrom(1, "1-5", "*", 7),
    fc.constantFrom("tcp", "https", undefined),
  )
  .map(([of, port, protocol]) => ({ ...of, port, ...(protocol === undefined ? {} : { protocol }) }));
const networks = fc
  .tuple(fc.array(entry, { maxLength: 4 }), fc.array(entry, { maxLength: 2 }))
  .map(([allow, deny]) => network(allow, deny));

test("no gain of the network is missed", () => {
  const addresses = ["10.0.0.1", "10.200.0.1", "93.184.216.34", "127.0.0.1", "::ffff:10.0.0.1", "2606:4700::1", "::1"];
  fc.assert(
    fc.property(networks, networks, (before, after) => {
      const [old, made] = [grantsOf(before).network, grantsOf(after).network];
      const more = [1, 3, 7, 443].some(
        (port) =>
          addresses.some((address) =>
            [[], ["x.a.com"], ["b.com"]].some((names) => {
              const target = { scheme: "tcp", address, port, names } as const;
              return checkSocketAddress(made, target).allowed && !checkSocketAddress(old, target).allowed;
            }),
          ) ||
          ["a.com", "x.a.com", "b.com", "localhost", "10.0.0.1"].some((host) => {
            const target = { scheme: "https", host, port } as const;
            return checkTarget(made, target).allowed && !checkTarget(old, target).allowed;
          }),
      );
      if (more) assert.notDeepEqual(diff(before, after).gained, [], `${before}\n${after}`);
    }),
    { numRuns: 200 },
  );
});
