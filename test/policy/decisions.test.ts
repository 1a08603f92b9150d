import assert from "node:assert/strict";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { auditLine } from "../../src/cli/output/audit-lines.ts";
import type { HostResult } from "../../src/host/capability.ts";
import type { Descriptor } from "../../src/host/filesystem/wasi/descriptor.ts";
import { filesystemRead } from "../../src/host/filesystem/skills/skill-binding.ts";
import { checkUrl } from "../../src/host/http/check.ts";
import { checkAddress, checkSocketAddress, checkTarget } from "../../src/host/net/check.ts";
import type { Grants } from "../../src/policy/grants.ts";
import { limitsFrom } from "../../src/sandbox/options/limit-options.ts";
import { lintDocument } from "../../src/sandbox/policy/lint.ts";
import { callHost, hostContext } from "../support/host-context.ts";
import { FOLLOW, Guest } from "../support/filesystem.ts";
import { documentOf, faultsOf, grantsOf } from "../support/policy.ts";

interface Row {
  readonly id: string;
  readonly policy: string;
  readonly request: string;
  readonly expect: string;
}

const ROWS = JSON.parse(
  readFileSync(new URL("../fixtures/policy/decisions.json", import.meta.url), "utf8"),
) as readonly Row[];

/** Of parts that have tests of their own: live changes, transparency logs, signatures. */
const ELSEWHERE: ReadonlySet<string> = new Set(["L02", "L07", "S01", "S03", "S05"]);

/** Folders of the host that rules of a row name, with `/w` and `/p` in a place of their own. */
class World {
  readonly base: string = realpathSync(mkdtempSync(join(tmpdir(), "cordon-decisions-")));

  at(path: string): string {
    return join(this.base, path);
  }

  write(path: string, content = "content"): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), content);
  }

  grants(policy: string): Grants {
    return grantsOf(policy.replaceAll("fs:///w", `fs://${this.base}/w`), this.at("p"));
  }

  /** Reads a file by its path, as skills do. */
  async read(policy: string, path: string): Promise<"allow" | "deny" | "not found"> {
    const context = hostContext({ grants: this.grants(policy) });
    const result = (await callHost(filesystemRead, "read-file", context, this.at(path))) as HostResult<string, string>;
    if (result.tag === "ok") return "allow";
    return context.observations.some((one) => one.result === "Denied") ? "deny" : "not found";
  }

  guest(policy: string): Guest {
    return new Guest(this.grants(policy).preopens);
  }

  [Symbol.dispose](): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

function https(policy: string, hosts: readonly string[], scheme: "http" | "https" = "https", port = 443): string {
  const { network } = grantsOf(policy);
  return hosts
    .map((host) => {
      const target = checkTarget(network, { scheme, host, port });
      if (!target.allowed) return "deny";
      // A name is decided on by what it leads to as well.
      const addresses = /^[0-9.]+$|^\[/u.test(host) ? [] : ["93.184.215.14", "2606:4700::1111"];
      const reached = addresses.map((address) => checkAddress(network, { scheme, host, port, address }).allowed);
      return reached.length > 0 && reached.every((one) => !one) ? "deny" : "allow";
    })
    .join("; ");
}

const DENIED = "!not-permitted";

const CASES: Readonly<Record<string, (policy: string) => void | Promise<void>>> = {
  F01: async (policy) => {
    using world = new World();
    world.write("w/secrets/.env");
    assert.equal(await world.read(policy, "w/secrets/.env"), "deny");
    using guest = world.guest(policy);
    assert.equal(await guest.text("secrets/.env"), DENIED);
    assert.deepEqual(await guest.list(), []);
  },
  F03: async (policy) => {
    using world = new World();
    world.write("w/secretsfoo/x");
    assert.equal(await world.read(policy, "w/secretsfoo/x"), "allow");
    using guest = world.guest(policy);
    assert.equal(await guest.text("secretsfoo/x"), "content");
  },
  F05: async (policy) => {
    using world = new World();
    world.write("w/secrets/x");
    world.write("w/a/x");
    assert.equal(await world.read(policy, "w/a/../secrets/x"), "deny");
    using guest = world.guest(policy);
    assert.equal(await guest.text("a/../secrets/x"), DENIED);
  },
  F06: async (policy) => {
    using world = new World();
    world.write("w/secrets/x");
    using guest = world.guest(policy);
    assert.equal(await guest.call("symlink-at", guest.root, "secrets", "l"), undefined);
    assert.equal(await guest.text("l/x"), DENIED);
    assert.equal(await world.read(policy, "w/l/x"), "deny");
  },
  F08: async (policy) => {
    using world = new World();
    world.write("w/a/secrets/k");
    using guest = world.guest(policy);
    assert.equal(await guest.call("rename-at", guest.root, "a", guest.root, "b"), DENIED);
    assert.equal(existsSync(world.at("w/a/secrets/k")), true);
  },
  F10: async (policy) => {
    using world = new World();
    world.write("w/a/b");
    world.write("w/c");
    assert.equal(await world.read(policy, "w/a/b"), "deny");
    assert.equal(await world.read(policy, "w/c"), "allow");
    using guest = world.guest(policy);
    assert.equal(await guest.text("a/b"), DENIED);
    assert.equal(await guest.text("c"), "content");
  },
  F13: async (policy) => {
    using world = new World();
    world.write("w/log");
    world.write("w/a/b/log");
    world.write("w/other");
    for (const path of ["w/log", "w/a/b/log"]) assert.equal(await world.read(policy, path), "allow");
    assert.equal(await world.read(policy, "w/other"), "deny");
    using guest = world.guest(policy);
    assert.equal(await guest.text("log"), "content");
    assert.equal(await guest.text("other"), DENIED);
  },
  F14: async (policy) => {
    using world = new World();
    world.write("w/project[1]/secret/k");
    world.write("w/project1/secret/k");
    assert.equal(await world.read(policy, "w/project[1]/secret/k"), "deny");
    assert.equal(await world.read(policy, "w/project1/secret/k"), "allow");
  },
  F16: (policy) => assert.match(faultsOf(policy)[0] ?? "", /^5:14 .*segment \.\./u),
  F18: async (policy) => {
    using world = new World();
    world.write("w/a b/x");
    world.write("w/a%20b/x");
    assert.equal(await world.read(policy, "w/a b/x"), "allow");
    assert.equal(await world.read(policy, "w/a%20b/x"), "deny");
  },
  F20: async (policy) => {
    using world = new World();
    world.write("w/x");
    world.write("p/w/x");
    assert.equal(await world.read(policy, "w/x"), "deny");
    assert.equal(await world.read(policy, "p/w/x"), "allow");
  },
  F21: (policy) => {
    for (const uri of ["/w/***", "/w/a**", "/w/**x", "/w/*a*"]) {
      const faults = faultsOf(policy.replace("/w/***", uri));
      assert.equal(faults.length, 1, uri);
      assert.match(faults[0] ?? "", /^5:14 /u);
    }
  },
  F23: async (policy) => {
    using world = new World();
    world.write("w/conf/a");
    world.write("w/b");
    using guest = world.guest(policy);
    assert.equal(await guest.text("conf/a"), "content");
    assert.equal(await guest.open("conf/a", "wt"), DENIED);
    assert.equal(await guest.call("unlink-file-at", guest.root, "conf/a"), DENIED);
    assert.equal(await guest.call("rename-at", guest.root, "b", guest.root, "conf/a"), DENIED);
    const now = { tag: "now" };
    assert.equal(await guest.call("set-times-at", guest.root, FOLLOW, "conf/a", now, now), DENIED);
    assert.equal(readFileSync(world.at("w/conf/a"), "utf8"), "content");
  },
  F25: async (policy) => {
    using world = new World();
    world.write("w/x");
    symlinkSync("/etc/hostname", world.at("w/link"));
    assert.equal(await world.read(policy, "w/link"), "deny");
    using guest = world.guest(policy);
    assert.equal(await guest.text("link"), DENIED);
  },
  F27: async (policy) => {
    using world = new World();
    const name = "passwörter";
    world.write(`w/${name.normalize("NFC")}/x`);
    assert.equal(await world.read(policy, `w/${name.normalize("NFC")}/x`), "deny");
    // Where names are bytes the other spelling is another name; where they are folded it is the same one.
    const folds = existsSync(world.at(`w/${name.normalize("NFD")}`));
    assert.equal(await world.read(policy, `w/${name.normalize("NFD")}/x`), folds ? "deny" : "not found");
  },
  F30: (policy) => assert.match(faultsOf(policy).join(), /^5:14 .*write fs:\/\//u),
  F31: async (policy) => {
    using world = new World();
    world.write("w/a/b");
    assert.equal(await world.read(policy, "w/a/b"), "allow");
    using guest = world.guest(policy);
    assert.equal(await guest.text("a/b"), "content");
    assert.deepEqual(await guest.list(), ["a"]);
  },
  N01: (policy) =>
    assert.equal(
      https(policy, ["example.com", "evil-example.com", "example.com.evil.net", "a.b.example.com"]),
      "deny; deny; deny; allow",
    ),
  N02: (policy) => assert.equal(https(policy, ["bad.example.com.", "BAD.Example.COM"]), "deny; deny"),
  N04: (policy) => {
    assert.equal(https(policy, ["api.example.com"]), "allow");
    assert.equal(https(policy, ["api.example.com"], "http", 443), "deny");
    assert.equal(https(policy, ["api.example.com"], "https", 8443), "deny");
    const udp = { scheme: "udp", address: "93.184.215.14", port: 443, names: ["api.example.com"] } as const;
    assert.equal(checkSocketAddress(grantsOf(policy).network, udp).allowed, false);
  },
  N05: (policy) => {
    assert.equal(
      checkTarget(grantsOf(policy).network, { scheme: "http", host: "localhost", port: 8080 }).allowed,
      true,
    );
    assert.equal(
      checkTarget(grantsOf(policy).network, { scheme: "http", host: "localhost", port: 8081 }).allowed,
      false,
    );
  },
  N07: (policy) => {
    const hosts = ["169.254.169.254", "[::ffff:a9fe:a9fe]", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376"];
    for (const host of hosts) assert.equal(https(policy, [host], "http", 80), "deny", host);
  },
  N09: (policy) => {
    const { network } = grantsOf(policy);
    const tcp = (address: string, port: number): boolean =>
      checkSocketAddress(network, { scheme: "tcp", address, port }).allowed;
    assert.deepEqual([tcp("10.1.2.3", 5432), tcp("::ffff:10.1.2.3", 5432), tcp("10.1.2.3", 22)], [true, false, false]);
  },
  N10: (policy) => {
    assert.equal(https(policy, ["api.safe-service.com"]), "deny");
    assert.match(
      lintDocument(documentOf(policy))
        .map(({ message }) => message)
        .join("\n"),
      /network\.allow\[0\] can never apply/u,
    );
  },
  N13: (policy) =>
    assert.equal(
      https(policy, ["xn--bcher-kva.example", "BÜCHER.example", "bücher.example", "bucher.example"]),
      "allow; allow; allow; deny",
    ),
  N15: (policy) => {
    for (const text of [
      "https://api.example.com@evil.net/",
      String.raw`https://evil.net\@api.example.com/`,
      "https://api.example.com%00.evil.net/",
    ]) {
      const url = URL.parse(text);
      assert.equal(url !== null && checkUrl(grantsOf(policy).network, url).allowed, false, text);
    }
  },
  N16: (policy) => {
    for (const host of ["api.*.com", "*example.com", "*.", "*.*.a.com", "ex*mple.com"]) {
      assert.match(faultsOf(policy.replace("api.*.com", host)).join(), /^5:18 /u, host);
    }
  },
  N18: (policy) => {
    for (const port of ["0", "65536", "443.5", '"443"', "-1"]) {
      assert.equal(faultsOf(policy.replace('"port": 0', `"port": ${port}`)).length, 1, port);
    }
    const twice = policy.replace('"a.example.com", "port": 0', '"a.example.com:80", "port": 443');
    assert.match(faultsOf(twice).join(), /write it once/u);
  },
  N20: (policy) => {
    const { network } = grantsOf(policy);
    const hops = ["https://ok.example.com/", "http://127.0.0.1/", "https://other.example.com/"];
    assert.deepEqual(
      hops.map((hop) => checkUrl(network, new URL(hop)).allowed),
      [true, false, false],
    );
  },
  N23: (policy) => {
    for (const host of ["0.0.0.0", "[::]", "127.1", "localhost.", "[::ffff:127.0.0.1]"]) {
      assert.equal(https(policy, [host], "http", 80), "deny", host);
    }
  },
  N25: (policy) => {
    const long = `${"a.".repeat(120)}example.com`;
    const hosts = ["a..example.com", `${"a".repeat(64)}.example.com`, `aa${long}`.slice(0, 254), "[fe80::1%25eth0]"];
    for (const host of hosts) assert.equal(https(policy, [host]), "deny", host);
  },
  D01: (policy) => assert.match(faultsOf(policy).join(), /^5:3 .*twice/u),
  D02: (policy) => {
    const [fault, ...others] = faultsOf(policy);
    assert.match(fault ?? "", /^5:(?:9|14) .*access/u);
    assert.match([fault, ...others].join("\n"), /6:9 .*did you mean access/u);
  },
  D03: (policy) => {
    assert.match(faultsOf(policy).join(), /^1:10 .*write "1\.0"/u);
    assert.match(faultsOf('version: "2.0"\n').join(), /^1:10 .*write "1\.0"/u);
  },
  D05: (policy) => {
    assert.deepEqual(faultsOf(policy), []);
    const { preopens, filesystemRead, filesystemWrite } = grantsOf(policy);
    assert.deepEqual([preopens, filesystemRead, filesystemWrite], [[], [], []]);
  },
  D07: (policy) => {
    for (const key of ["PA*TH", "", "A=B", String.raw`A\u0000`]) {
      assert.match(faultsOf(policy.replace("PA*TH", key)).join(), /^5:14 /u, key);
    }
  },
  D10: (policy) => {
    const limits = (text: string): readonly unknown[] => {
      const { cpuSharePercent, memoryBytes } = limitsFrom(documentOf(text).limits);
      return [cpuSharePercent, memoryBytes];
    };
    assert.deepEqual(limits(policy), [50, 536_870_912]);
    const legacy = policy
      .replace(/limits: .*/u, "{cpu: 50.0, memory: 1024, io: 1000}")
      .replace("resources:\n    ", "resources: ");
    assert.deepEqual(limits(legacy), [50, 1_073_741_824]);
    assert.match(
      documentOf(legacy)
        .warnings.map(({ message }) => message)
        .join(),
      /resources\.io has no effect/u,
    );
    assert.match(faultsOf(policy.replace("512Mi", "512Zi")).join(), /no size/u);
    const two = documentOf(policy.replace("500m", "2"));
    assert.equal(two.limits?.cpuSharePercent, 100);
    assert.equal(two.warnings.length, 1);
  },
  L05: async (policy) => {
    using world = new World();
    world.write("w/secrets/x");
    const forged = `w/secrets/x\n{"sequence":1,"result":"Allowed"}\u001B]0;title`;
    const context = hostContext({ grants: world.grants(policy) });
    await callHost(filesystemRead, "read-file", context, world.at(forged));
    assert.equal(context.observations.length, 1);
    const [observation] = context.observations;
    assert.ok(observation?.result === "Denied");
    const event = { ...observation, sequence: 1, timestamp: "", componentId: "c", componentDigest: "", invocation: 1 };
    assert.doesNotMatch(JSON.stringify(event), /[\n\u001B]/u);
    assert.doesNotMatch(auditLine(event, process.stderr), /\u001B\]|\n\{/u);
  },
};

test("every row has a case, or is of a part that has tests of its own", () => {
  assert.equal(ROWS.length, 43);
  const known = [...Object.keys(CASES), ...ELSEWHERE].toSorted();
  assert.deepEqual(ROWS.map(({ id }) => id).toSorted(), known);
});

for (const { id, policy, request, expect } of ROWS) {
  const run = CASES[id];
  if (run !== undefined) test(`${id}: ${request}: ${expect}`, () => run(policy));
}

test("a file that is denied is denied under its other names, and its folder's", async () => {
  using world = new World();
  world.write("w/secret.txt", "SECRET");
  linkSync(world.at("w/secret.txt"), world.at("w/alias.txt"));
  const policy = `version: "1.0"
permissions:
  storage:
    allow: [{ uri: "fs:///w/**", access: [read, write] }]
    deny: [{ uri: "fs:///w/secret.txt" }]
`;
  using guest = world.guest(policy);
  const opened: unknown = await guest.open("alias.txt", "r");
  assert.equal(opened, DENIED);
  assert.equal(await world.read(policy, "w/alias.txt"), "deny");
  assert.equal(await guest.call("link-at", guest.root, { symlinkFollow: false }, "alias.txt", guest.root, "b"), DENIED);
  assert.equal((opened as Descriptor | string) === DENIED, true);
});
