import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { type CliOptions, type CliResult, cordon, documentOf, type RunningCli, startCordon } from "../support/cli.ts";
import { commandText } from "../support/command-guests.ts";
import { bundled, proxyGuest, temporaryFolder, testGuest, textGuest } from "../support/guests.ts";
import { type Need, needing } from "../support/needs.ts";

/** How a guest is run in a process. */
interface Mode {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly flags: readonly string[];
  /** What the command needs of the environment to find bubblewrap. */
  readonly options: CliOptions;
}

const MODES: readonly Mode[] = [
  { name: "a process", needs: [], flags: ["--isolation", "process"], options: {} },
  {
    name: "a process without bubblewrap",
    needs: [],
    flags: ["--isolation=process", "--os-sandbox", "off"],
    options: {},
  },
  {
    name: "a process in bubblewrap",
    needs: ["bubblewrap"],
    flags: ["--isolation=process", "--os-sandbox=required"],
    options: { environment: { PATH: process.env["PATH"] ?? "" } },
  },
];
const THREAD: Mode = { name: "a thread", needs: [], flags: ["--isolation=thread"], options: {} };

let guest: string;
before(async () => {
  guest = await testGuest();
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
  assert.ok(process.platform !== "linux" || childrenOf(child.pid ?? 0).length > 0 === expected);
}

/** Commands that end in every way, by their exit codes. */
const ENDINGS: readonly (readonly [code: number, words: readonly string[]])[] = [
  [0, ["mirror", "{x: 1, y: -2}"]],
  [1, ["check", "--", "-7"]],
  [2, ["add", "1", "two"]],
  [3, ["--fail-on-denied", "read", "/etc/passwd"]],
  [4, ["fail", "on purpose"]],
  [5, ["--timeout=300ms", "spin"]],
];

let endedInThread: Promise<readonly CliResult[]> | undefined;

async function endings({ flags, options }: Mode): Promise<readonly CliResult[]> {
  const results: CliResult[] = [];
  for (const [, words] of ENDINGS) results.push(await cordon(["run", ...flags, guest, ...words], options));
  return results;
}

/** What the README grants its skill: a file, its folder, nothing; with the exit code. */
const GRANTED = [
  [0, "demo.txt"],
  [0, "."],
  [3, undefined],
] as const;

for (const mode of MODES) {
  test(
    `run gives a skill the file or folder that the README grants it, in ${mode.name} as in a thread`,
    needing(mode.needs, async (context) => {
      const cwd = await temporaryFolder(context);
      await copyFile(join(bundled("demo-trusted"), "../../demo/demo.txt"), join(cwd, "demo.txt"));
      for (const [code, granted] of GRANTED) {
        const words = [...(granted === undefined ? [] : [`--allow-fs-read=${granted}`]), "--fail-on-denied"];
        const inThread = await cordon(["run", ...words, bundled("demo-trusted")], { cwd });
        assert.deepEqual([inThread.code, inThread.stdout.startsWith("SUCCESS")], [code, code === 0], inThread.stdout);
        const inProcess = await cordon(["run", ...mode.flags, ...words, bundled("demo-trusted")], {
          ...mode.options,
          cwd,
        });
        assert.deepEqual(inProcess, inThread, words.join(" "));
      }
    }),
  );
}

for (const mode of MODES) {
  test(
    `run prints and exits the same in ${mode.name} and in a thread, however it ends`,
    needing(mode.needs, async () => {
      const inThread = await (endedInThread ??= endings(THREAD));
      assert.deepEqual(
        inThread.map(({ code }) => code),
        ENDINGS.map(([code]) => code),
      );
      assert.deepEqual(await endings(mode), inThread);
    }),
  );

  test(
    `run's document is the same in ${mode.name} and in a thread, but for the times`,
    needing(mode.needs, async () => {
      const content = (result: CliResult): unknown => {
        const { usage, ...rest } = documentOf(result) as { usage: Record<string, unknown> };
        return { ...rest, usage: { ...usage, wallMs: 0, cpuMs: 0, longestHoldMs: 0 } };
      };
      const words = ["--json", guest, "add", "5", "3"];
      const inMode = await cordon(["run", ...mode.flags, ...words], mode.options);
      assert.deepEqual(content(inMode), content(await cordon(["run", ...words])));
    }),
  );
}

/** Says that it runs, and exits with 7 at the end of stdin. */
const WAITING = `
  (local.set $in (call $get-stdin))
  (local.set $out (call $get-stdout))
  (call $write (local.get $out) (i32.const 1024) (i32.const 6) (i32.const 32))
  (loop $again
    (call $read (local.get $in) (i64.const 100) (i32.const 16))
    (br_if $again (i32.eqz (i32.load8_u (i32.const 16)))))
  (call $exit (i32.const 7))`;

for (const mode of [THREAD, ...MODES]) {
  const { name, needs, flags, options } = mode;

  test(
    `run has a process for a guest that is to be in one, and it is gone with it: ${name}`,
    needing(needs, async (context) => {
      const waiting = await textGuest("waiting", commandText(WAITING, { data: "ready\n" }));
      const running = startCordon(["run", waiting, "--stdin", ...flags], { ...options, stdin: { open: true } });
      context.after(() => void running.child.kill("SIGKILL"));
      await running.printed("ready\n");
      assertProcess(running, mode !== THREAD);
      running.child.stdin.end();
      // It ends when nobody holds its output any more.
      assert.deepEqual(await running.ended, { code: 7, stdout: "ready\n", stderr: "" });
    }),
  );

  test(
    `serve-http answers out of ${name}, and ends it`,
    needing(needs, async (context) => {
      const running = startCordon(["serve-http", await proxyGuest(), "--addr=127.0.0.1:0", ...flags], options);
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
      assertProcess(running, mode !== THREAD);
      running.child.kill("SIGTERM");
      const { code, stdout } = await running.ended;
      assert.deepEqual([code, stdout], [0, ""]);
    }),
  );
}

/** A Node that believes to be elsewhere, so that none can be started. */
async function lostNode(folder: string): Promise<string> {
  const script = join(folder, "node");
  const moved = `data:text/javascript,process.execPath="/nowhere/node"`;
  await writeFile(script, `#!/bin/sh\nexec '${process.execPath}' --import '${moved}' "$@"\n`, { mode: 0o755 });
  return script;
}

test(
  "serve-http says that no process can be started, and then has threads",
  needing(["posix"], async (context) => {
    const node = await lostNode(await temporaryFolder(context));
    const words = ["serve-http", await proxyGuest(), "--addr=127.0.0.1:0"];
    const running = startCordon(words, { node });
    context.after(() => void running.child.kill("SIGKILL"));
    let stderr = "";
    running.child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    await running.said("(Ctrl-C ends it)\n");
    assert.match(
      stderr,
      /^warning: no guest process can be started here, so guests run in threads of the server: [^\n]*its process ended with exit code 12[67][^\n]*\n/u,
    );
    assert.doesNotMatch(stderr, /nowhere/u);
    const url = /on (http:\/\/127\.0\.0\.1:\d+) /u.exec(stderr)?.[1] ?? "";
    assert.equal(await (await fetch(`${url}/hello`, { headers: { connection: "close" } })).text(), "hello\n");
    running.child.kill("SIGTERM");
    assert.equal((await running.ended).code, 0);
    const asked = await cordon([...words, "--isolation=process"], { node });
    assert.deepEqual([asked.code, asked.stdout], [70, ""]);
    assert.match(asked.stderr, /^error: Cannot run the component: its process ended with exit code 12[67][^\n]*\n$/u);
  }),
);

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
      ["run", guest, flag, "add", "1", "2"],
      ["serve-http", guest, flag],
    ]) {
      const { code, stdout, stderr } = await cordon(words);
      assert.deepEqual([code, stdout], [2, ""], words.join(" "));
      assert.match(stderr, /^error: [^\n]+\n$/u);
      assert.ok(stderr.includes(`Allowed choices are ${choices}.`), stderr);
    }
  }
});
