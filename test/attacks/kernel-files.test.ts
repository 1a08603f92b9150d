import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { AuditEvent } from "../../src/audit/event.ts";
import { CordonError, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { HOLDINGS } from "../support/filesystem.ts";
import { TEST_CACHE, testGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";
import { type Probe, probe } from "../support/probe.ts";

/*
 * What a guest that was granted the host's root folder, or a folder that the kernel's files are mounted in, may do with them. Each
 * case was seen to fail before there was a check of the file system.
 */

const ALL = { filesystem: { preopens: ["/::/:rw"], create: true, delete: true } } as const;

/** A process whose environment is in memory where its `stat` says. */
async function victim(): Promise<
  Disposable & { readonly pid: number; readonly address: number; environment(): string }
> {
  const child: ChildProcess = spawn("sleep", ["60"], { env: { SECRET: "untouched" }, stdio: "ignore" });
  await once(child, "spawn");
  const { pid } = child;
  assert.ok(pid !== undefined);
  const environment = (): string => readFileSync(`/proc/${pid}/environ`, "utf8");
  // Until then it still has the one of this process.
  while (environment() !== "SECRET=untouched\0") await new Promise((resolve) => setImmediate(resolve));
  // The names of programs may hold spaces and brackets; `env_start` is field 50.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /su, "")
    .split(" ");
  return { pid, address: Number(fields[50 - 3]), environment, [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

const onLinux = (name: string, body: () => void | Promise<void>): void => void test(name, needing(["linux"], body));
const onOwnMounts = (name: string, body: () => void): void => void test(name, needing(["own-mounts"], body));

describe("the kernel's files below a granted folder", () => {
  let guest: Probe;
  before(async () => {
    // Memory lies at the end of a file that has no length.
    guest = await probe(ALL, { maxWriteBytes: 2 ** 52, writeBytesPerSecond: 2 ** 52 });
  });
  after(() => guest[Symbol.asyncDispose]());

  onLinux("no memory and no environment of a process is written or read", async () => {
    using process_ = await victim();
    const { pid, address } = process_;
    const answers = await guest.run(
      ({ folders, call, open, bytes, read, list }, { pid: target, address: at }) => {
        const [root] = folders();
        const folder = open(root, `proc/${target}`);
        const found: unknown[] = [
          typeof folder === "string" ? folder : list(folder),
          read(root, `proc/${target}/environ`),
        ];
        for (const flags of ["w", "rw", "wc", "wt"]) {
          const memory = open(root, `proc/${target}/mem`, flags);
          found.push(typeof memory === "string" ? memory : call(memory, "write", bytes("SECRET=changed"), at));
        }
        return found;
      },
      { pid, address },
    );
    assert.equal(process_.environment(), "SECRET=untouched\0");
    assert.ok(!JSON.stringify(answers).includes("untouched"));
    for (const answer of answers) assert.match(String(answer), /^!(?:not-permitted|read-only|bad-descriptor)/u);
  });

  onLinux(
    "nothing of a process, of the host's own included, is opened, listed or looked at, by any of its paths",
    async () => {
      const tried = ["self", "thread-self", String(process.pid), "self/task", "1"].flatMap((one) =>
        [
          "",
          "/",
          "/.",
          "/environ",
          "/mem",
          "/maps",
          "/cmdline",
          "/fd/1",
          "/root/etc/passwd",
          "/cwd",
          "/exe",
          "/status",
        ].map((rest) => `proc/${one}${rest}`),
      );
      const answers = await guest.run(
        ({ folders, everyWay }, paths) => paths.map((path) => everyWay(folders()[0], path).join()),
        [
          ...tried,
          "proc",
          "proc/",
          "proc/cmdline",
          "proc/kmsg",
          "proc/sys/kernel/hostname",
          "proc/net/tcp",
          "proc/mounts",
        ],
      );
      // A link is not to be followed as the last name of what is changed, and there is no folder above that is entered.
      for (const [index, answer] of answers.entries()) {
        assert.doesNotMatch(answer, /done/u, `${tried[index]}: ${answer}`);
      }
      assert.equal(guest.resources("Allowed").filter((one) => one.includes("proc")).length, 0);
    },
  );

  onLinux("whether a process is there cannot be told", async () => {
    const [there, gone] = await guest.run(
      ({ folders, everyWay }, pids) =>
        pids.map((pid) =>
          [`proc/${pid}`, `proc/${pid}/status`, `proc/${pid}/fd/99`].map((path) => everyWay(folders()[0], path)),
        ),
      // As many as Linux has at most, and one more.
      [process.pid, 4_194_305],
    );
    assert.deepEqual(there, gone);
  });

  onLinux(
    "nothing is made, changed or removed in the kernel's file systems, and what is a figure of the machine can be read",
    async () => {
      const name = `cordon-${process.pid}`;
      const answers = await guest.run(
        ({ folders, call, open, read, put, list }, given) => {
          const [root] = folders();
          const now = { tag: "now" };
          const follow = { symlinkFollow: true };
          const none = { symlinkFollow: false };
          const sys = open(root, "sys/kernel", "r");
          return {
            read: [read(root, "proc/version"), read(root, "proc/meminfo"), read(root, given.setting)],
            listed: list(sys),
            refused: [
              put(root, given.setting, "0", "w"),
              put(root, "proc/version", "0", "w"),
              put(root, "proc/sysrq-trigger", "", "w"),
              open(root, "sys/kernel", "rm"),
              open(root, "dev", "rm"),
              open(sys, given.name, "wc"),
              open(root, `dev/${given.name}`, "wc"),
              open(root, `proc/${given.name}`, "wc"),
              call(root, "createDirectoryAt", `dev/${given.name}`),
              call(root, "createDirectoryAt", `sys/fs/cgroup/unified/${given.name}`),
              call(root, "symlinkAt", "null", `dev/${given.name}`),
              call(root, "setTimesAt", follow, "dev", now, now),
              call(root, "setTimesAt", none, "dev/null", now, now),
              call(root, "setTimesAt", follow, given.setting, now, now),
              call(root, "setTimesAt", follow, "proc/version", now, now),
              call(sys, "setTimes", now, now),
              call(root, "linkAt", none, "dev/null", root, `dev/${given.name}`),
              call(root, "renameAt", given.setting, root, "sys/renamed"),
              call(root, "unlinkFileAt", given.setting),
              call(root, "removeDirectoryAt", "sys/kernel"),
            ],
          };
        },
        { name, setting: "sys/kernel/uevent_seqnum" },
      );
      const made = existsSync(`/dev/${name}`);
      rmSync(`/dev/${name}`, { recursive: true, force: true });
      assert.equal(made, false);
      for (const text of answers.read) assert.doesNotMatch(text, /^!/u);
      assert.ok(Array.isArray(answers.listed) && answers.listed.length > 3);
      for (const [index, answer] of answers.refused.entries()) {
        assert.match(String(answer), /^!(?:read-only|not-permitted|no-entry)$/u, `${index}: ${String(answer)}`);
      }
    },
  );

  onLinux("they cannot be granted for writing, nor processes at all, and the message says why", async () => {
    for (const one of ["/proc", "/proc/self", `/proc/${process.pid}/fd`, "/sys:rw", "/dev:rw"]) {
      await failsWith("policy", /no grant covers/u, probe({ filesystem: { preopens: [one] } }));
    }
    for (const one of ["/proc/self/environ", "/proc", "/proc/cmdline"]) {
      await failsWith("policy", /no grant covers/u, probe({ filesystem: { read: [one] } }));
    }
    await failsWith("policy", /no grant covers/u, probe({ filesystem: { write: ["/sys/kernel"] } }));
  });

  for (const isolation of ["thread", "process"] as const) {
    onLinux(
      `a skill neither reads nor writes them below a folder that it was granted, at the level ${isolation}`,
      async () => {
        const events: AuditEvent[] = [];
        const grants = { filesystem: { read: ["/"], write: ["/"] } };
        const onEvent = (event: AuditEvent): void => void events.push(event);
        await using sandbox = await Sandbox.open(await testGuest(), {
          cache: TEST_CACHE,
          grants,
          onEvent,
          isolation,
          osSandbox: "off",
        });
        const read = async (path: string): Promise<unknown> => tried(sandbox.call("read", [path]));
        const write = async (path: string): Promise<unknown> => tried(sandbox.call("write", [path, "x"]));
        assert.match(String(await read("/proc/version")), /Linux/u);
        for (const path of [
          `/proc/${process.pid}/environ`,
          "/proc/self/environ",
          "/proc/1/status",
          "/proc/cmdline",
          "/proc/999999999/x",
        ]) {
          assert.match(String(await read(path)), /^Permission denied: it is/u, path);
        }
        const made = `/dev/cordon-${process.pid}`;
        for (const path of ["/proc/version", "/proc/self/comm", made, "/sys/kernel/uevent_seqnum"]) {
          assert.match(String(await write(path)), /^(?:Permission denied: it is|Cannot write .*no such file)/u, path);
        }
        assert.equal(existsSync(made), false);
        assert.ok(events.filter(({ result }) => result === "Denied").length >= 8);
      },
    );
  }

  onOwnMounts("it is the file system that counts, not where it is mounted", () => {
    const folder = mkdtempSync(join(tmpdir(), "cordon-mounts-"));
    try {
      for (const name of ["notes", "drawer", "plain"]) mkdirSync(join(folder, name));
      for (const name of ["version", "environment"]) writeFileSync(join(folder, name), "");
      const mounts = `mount --rbind /proc notes && mount --rbind /dev drawer && mount -t tmpfs none plain &&
        mount --bind /proc/version version && mount --bind /proc/self/environ environment`;
      const child = inOwnNamespace(`cd ${folder} && ${mounts} && exec ${process.execPath} ${KERNEL_MOUNTS} ${folder}`);
      assert.equal(child.status, 0, child.stderr);
      const answers = JSON.parse(child.stdout) as readonly Record<string, readonly unknown[]>[];
      assert.equal(answers.length, HOLDINGS.length);
      for (const { processes = [], devices = [], ordinary = [] } of answers) {
        assert.deepEqual(
          processes,
          Array.from({ length: 6 }, () => "!not-permitted"),
        );
        assert.deepEqual(devices, ["!read-only", "!no-entry", "!read-only"]);
        assert.deepEqual(ordinary, [null, null]);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const KERNEL_MOUNTS = fileURLToPath(new URL("../support/kernel-mounts.ts", import.meta.url));

/** Runs a script that may mount what nobody else sees. */
function inOwnNamespace(script: string): SpawnSyncReturns<string> {
  return spawnSync("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script], { encoding: "utf8" });
}

async function tried(call: Promise<{ readonly value: unknown }>): Promise<unknown> {
  try {
    return (await call).value;
  } catch (error) {
    return error instanceof CordonError && error.code === "guest-error" ? error.payload : error;
  }
}
