import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { before, test } from "node:test";
import { findBubblewrap } from "../../src/runtime/process/find-bubblewrap.ts";
import { type CliOptions, type CliResult, cordon, documentOf, type RunningCli, startCordon } from "../support/cli.ts";
import { commandText } from "../support/command-guests.ts";
import { proxyGuest, testGuest, textGuest } from "../support/guests.ts";

/** Ways to run a guest in a process, and what the command needs of the environment to find bubblewrap. */
const modes: (readonly [flags: readonly string[], options: CliOptions])[] = [
  [["--isolation", "process"], {}],
  [["--isolation=process", "--os-sandbox", "off"], {}],
];
let guest: string;
before(async () => {
  guest = await testGuest();
  if ((await findBubblewrap()).kind === "working") {
    modes.push([
      ["--isolation=process", "--os-sandbox=required"],
      { environment: { PATH: process.env["PATH"] ?? "" } },
    ]);
  }
});

/** The processes that a process has started and that are there, on Linux; elsewhere that is not known. */
function childrenOf(parent: number): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      // The name of a program may hold anything, so the fields are counted from its end.
      const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(")").at(-1)?.trim().split(" ");
      return Number(fields?.[1]) === parent;
    } catch {
      return false;
    }
  });
}

/** Asserts that a command has a process for its guest or, at the level `thread`, none. */
function assertProcess({ child }: RunningCli, expected: boolean): void {
  if (process.platform !== "linux") return;
  assert.equal(childrenOf(child.pid ?? 0).length > 0, expected);
}

test("run prints and exits the same at both levels, however it ends", async () => {
  const cases: readonly (readonly [code: number, words: readonly string[]])[] = [
    [0, [guest, "mirror", "{x: 1, y: -2}"]],
    [1, [guest, "check", "--", "-7"]],
    [2, [guest, "add", "1", "two"]],
    [3, [guest, "read", "/etc/passwd", "--fail-on-denied"]],
    [4, [guest, "fail", "on purpose"]],
    [5, [guest, "spin", "--timeout=300ms"]],
  ];
  for (const [code, words] of cases) {
    const inThread = await cordon(["run", "--isolation=thread", ...words]);
    assert.equal(inThread.code, code, inThread.stderr);
    for (const [flags, options] of modes) {
      assert.deepEqual(await cordon(["run", ...flags, ...words], options), inThread, [...flags, ...words].join(" "));
    }
  }
});

test("run's document is the same at both levels, but for the times", async () => {
  const content = (result: CliResult): unknown => {
    const { usage, ...rest } = documentOf(result) as { usage: Record<string, unknown> };
    return { ...rest, usage: { ...usage, wallMs: 0, cpuMs: 0, longestHoldMs: 0 } };
  };
  const words = ["run", "--json", guest, "add", "5", "3"];
  const inThread = content(await cordon(words));
  for (const [flags, options] of modes) {
    assert.deepEqual(content(await cordon([...words, ...flags], options)), inThread, flags.join(" "));
  }
});

/** Says that it runs, and exits with 7 at the end of stdin. */
const WAITING = `
  (local.set $in (call $get-stdin))
  (local.set $out (call $get-stdout))
  (call $write (local.get $out) (i32.const 1024) (i32.const 6) (i32.const 32))
  (loop $again
    (call $read (local.get $in) (i64.const 100) (i32.const 16))
    (br_if $again (i32.eqz (i32.load8_u (i32.const 16)))))
  (call $exit (i32.const 7))`;

test("run has a process for the guest at the level process alone, which is gone with it", async (context) => {
  const waiting = await textGuest("waiting", commandText(WAITING, { data: "ready\n" }));
  const thread = [["--isolation=thread"], {}] as const;
  for (const [flags, options] of [thread, ...modes]) {
    const running = startCordon(["run", waiting, "--stdin", ...flags], { ...options, stdin: { open: true } });
    context.after(() => void running.child.kill("SIGKILL"));
    await running.printed("ready\n");
    assertProcess(running, flags !== thread[0]);
    running.child.stdin.end();
    // It ends when nobody holds its output any more.
    assert.deepEqual(await running.ended, { code: 7, stdout: "ready\n", stderr: "" }, flags.join(" "));
  }
});

test("serve-http answers out of a process, and ends it", async (context) => {
  const proxy = await proxyGuest();
  const thread = [["--isolation=thread"], {}] as const;
  for (const [flags, options] of [thread, ...modes]) {
    const running = startCordon(["serve-http", proxy, "--addr=127.0.0.1:0", ...flags], options);
    context.after(() => void running.child.kill("SIGKILL"));
    let stderr = "";
    running.child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    await running.said("(Ctrl-C ends it)\n");
    const url = /on (http:\/\/127\.0\.0\.1:\d+) /u.exec(stderr)?.[1] ?? "";
    const answer = await fetch(`${url}/hello`, { headers: { connection: "close" } });
    assert.deepEqual([answer.status, await answer.text()], [200, "hello\n"]);
    const trapped = await fetch(`${url}/trap`, { headers: { connection: "close" } });
    await trapped.arrayBuffer();
    assert.equal(trapped.status, 502);
    assertProcess(running, flags !== thread[0]);
    running.child.kill("SIGTERM");
    const { code, stdout } = await running.ended;
    assert.deepEqual([code, stdout], [0, ""], flags.join(" "));
  }
});

test("a sandbox of the system that is required and is not there is an error of usage, and nothing runs", async () => {
  const why =
    process.platform === "linux" ? /: bubblewrap is not installed; install it/u : /: this system has none that Cordon/u;
  // Without a search path there is no bubblewrap.
  const required = ["--isolation=process", "--os-sandbox=required"];
  for (const words of [
    ["run", ...required, guest, "add", "1", "2"],
    ["serve-http", ...required, await proxyGuest(), "--addr=127.0.0.1:0"],
  ]) {
    const { code, stdout, stderr } = await cordon(words);
    assert.deepEqual([code, stdout], [2, ""], words.join(" "));
    assert.match(
      stderr,
      /^error: Cannot run the component in the operating system's sandbox, as is required[^\n]+\n$/u,
    );
    assert.match(stderr, why);
  }
  const inThread = await cordon(["run", "--os-sandbox=required", guest, "add", "1", "2"]);
  assert.deepEqual([inThread.code, inThread.stdout], [2, ""]);
  assert.match(inThread.stderr, /^error: [^\n]+; set isolation to "process"\n$/u);
});

test("levels and modes that are none are errors of usage, with those that are", async () => {
  for (const [flag, choices] of [
    ["--isolation=proces", "thread, process"],
    ["--isolation=", "thread, process"],
    ["--os-sandbox=require", "auto, required, off"],
    ["--os-sandbox=true", "auto, required, off"],
  ] as const) {
    for (const words of [
      ["run", guest, "add", "1", "2", flag],
      ["serve-http", guest, flag],
    ]) {
      const { code, stdout, stderr } = await cordon(words);
      assert.deepEqual([code, stdout], [2, ""], words.join(" "));
      assert.match(stderr, /^error: [^\n]+\n$/u);
      assert.ok(stderr.includes(`Allowed choices are ${choices}.`), stderr);
    }
  }
});
