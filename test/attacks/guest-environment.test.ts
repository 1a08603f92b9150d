import assert from "node:assert/strict";
import { homedir, hostname, userInfo } from "node:os";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { playgroundWithSecret } from "../support/filesystem.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { type Probe, probe } from "../support/probe.ts";
import { tcpServer } from "../support/socket-guest.ts";

/*
 * What a guest may find out of the host that it was not told, by the public API. Disposing of a probe makes one more call that
 * must work. Each case was seen to fail with the weakening that its comment names.
 */

/** What the guest sees of its surroundings. */
function surroundings(guest: Probe): Promise<Readonly<Record<string, unknown>>> {
  return guest.run(
    ({ wasi, call, text }) => {
      let stdin = "";
      const input = call(wasi["stdin"], "getStdin");
      for (;;) {
        const part = call(input, "blockingRead", 1000);
        if (typeof part === "string") break;
        stdin += text(part);
      }
      return {
        variables: call(wasi["environment"], "getEnvironment"),
        arguments: call(wasi["environment"], "getArguments"),
        cwd: call(wasi["environment"], "initialCwd"),
        terminals: [
          call(wasi["terminalStdin"], "getTerminalStdin"),
          call(wasi["terminalStdout"], "getTerminalStdout"),
          call(wasi["terminalStderr"], "getTerminalStderr"),
        ],
        stdin,
        folders: call(wasi["preopens"], "getDirectories"),
      };
    },
    undefined,
    { stdin: "secret" },
  );
}

// Weakening, each alone: `get-environment` answers the process's, in a worker that has it; `get-arguments` and `initial-cwd` the
// process's; stdin is read without its grant.
test("without a grant there is no variable, argument, folder, terminal or input of the host", async () => {
  process.env["CORDON_TEST_SECRET"] = "hunter2";
  await using guest = await probe();
  assert.deepEqual(await surroundings(guest), {
    variables: [],
    arguments: [guest.sandbox.component.name],
    cwd: null,
    terminals: [null, null, null],
    stdin: "",
    folders: [],
  });
});

// Weakening: `parseEnvironment` passes all variables when any is allowed.
test("with a grant there is what it names, and nothing beside it", async () => {
  process.env["CORDON_TEST_SECRET"] = "hunter2";
  process.env["CORDON_TEST_PASSED"] = "passed";
  await using guest = await probe({
    environment: { set: { OWN: "value" }, allow: ["CORDON_TEST_PASSED"] },
    stdin: true,
  });
  // What the host's environment becomes later is not the guest's.
  process.env["CORDON_TEST_PASSED"] = "changed";
  const { variables, stdin } = await surroundings(guest);
  assert.deepEqual(variables, [
    ["CORDON_TEST_PASSED", "passed"],
    ["OWN", "value"],
  ]);
  assert.equal(stdin, "secret");
  assert.deepEqual(guest.resources("Allowed"), ["CORDON_TEST_PASSED OWN"]);
});

// Weakening: an error of a stream names the process's folder.
test("nothing that a guest is answered, errors included, names the host, its user or its folders", async () => {
  using place = playgroundWithSecret();
  await using reset = await tcpServer((socket) => void socket.once("data", () => socket.resetAndDestroy()));
  await using guest = await probe({
    filesystem: { preopens: [{ host: place.inside, guest: "/data", write: true, maxFileBytes: 10 }] },
    network: { allow: ["tcp://127.0.0.1:1", `tcp://127.0.0.1:${reset.port}`, "http://127.0.0.1:1"] },
    environment: { set: { OWN: "value" } },
  });
  const answers = await guest.run(
    ({ wasi, call, folders, open, read, list, connect, address, fetch, lookUp }, port) => {
      const [root] = folders();
      /** What an operation on a stream that fails says, in words for people. */
      const words = (work: () => unknown): unknown => {
        try {
          for (;;) work();
        } catch (error) {
          const { payload } = error as { payload: { tag: string; val?: object } };
          return payload.val === undefined ? payload.tag : call(payload.val, "toDebugString");
        }
      };
      const file = call(open(root, "file", "rw"), "writeViaStream", 0);
      const [, input, output] = connect(address("127.0.0.1", port)) as unknown[];
      const write = (to: unknown): void =>
        (to as { blockingWriteAndFlush: (part: Uint8Array) => void }).blockingWriteAndFlush(new Uint8Array(4));
      const paths = ["missing", "../x", "dir", "/etc/passwd", "file/x"];
      return {
        file: words(() => write(file)),
        output: words(() => write(output)),
        input: words(() => (input as { blockingRead: (length: number) => unknown }).blockingRead(1)),
        folders: call(wasi["preopens"], "getDirectories"),
        paths: paths.map((path) => [read(root, path), call(root, "statAt", { symlinkFollow: true }, path)]),
        list: list(root),
        network: [connect(address("127.0.0.1", 1)), fetch({ authority: "127.0.0.1:1" }), lookUp("example.invalid")],
        variables: call(wasi["environment"], "getEnvironment"),
        arguments: call(wasi["environment"], "getArguments"),
      };
    },
    reset.port,
  );
  for (const one of [answers.file, answers.output]) assert.match(String(one), /\w{4}/u, "there was an error");
  const said = JSON.stringify(answers);
  assert.match(said, /no-entry/u);
  for (const own of [
    hostname(),
    homedir(),
    userInfo().username,
    process.cwd(),
    place.base,
    process.execPath,
    "node:",
    "    at ",
  ]) {
    assert.ok(own.length < 5 || !said.includes(own), `${own} is in ${said}`);
  }
});

// Weakening, each alone: `GuestClock` tells the host's time without the grant; it does not round.
test("without a grant clocks start over with each call, and tell the host's time with it, rounded", async () => {
  const clocks = (guest: Probe): Promise<readonly number[]> =>
    guest.run(({ wasi, call }) => {
      const wall = call(wasi["wallClock"], "now") as { seconds: number; nanoseconds: number };
      const start = Number(call(wasi["monotonicClock"], "now"));
      const later = call(wasi["monotonicClock"], "subscribeDuration", 20_000_000);
      call(later, "block");
      return [wall.seconds, wall.nanoseconds, start, Number(call(wasi["monotonicClock"], "now"))];
    });
  const year2000 = Date.UTC(2000, 0, 1) / 1000;
  await using without = await probe();
  for (let call = 0; call < 2; call += 1) {
    const [seconds = 0, , start = 0, end = 0] = await clocks(without);
    assert.ok(seconds >= year2000 && seconds < year2000 + 60, `${seconds}`);
    assert.ok(start < 60_000_000_000 && end >= start + 19_000_000, `${start} ${end}`);
  }
  await using within = await probe({ clocks: { kind: "read", resolutionNs: 1_000_000_000 } });
  const [seconds = 0, nanoseconds, start = 0] = await clocks(within);
  assert.ok(Math.abs(seconds - Date.now() / 1000) < 60);
  assert.deepEqual([nanoseconds, start % 1_000_000_000], [0, 0]);
});

// Weakening, each alone: `pseudo` gives the host's random bytes; `none` those of `pseudo`.
test("without a grant random bytes are the same in each call, and with none there are none", async () => {
  const bytes = (guest: Probe): Promise<unknown> =>
    guest.run(({ wasi, call }) => [
      call(wasi["random"], "getRandomBytes", 16),
      call(wasi["random"], "getRandomU64"),
      call(wasi["insecure"], "getInsecureRandomBytes", 16),
      call(wasi["insecure"], "getInsecureRandomU64"),
      call(wasi["insecureSeed"], "insecureSeed"),
    ]);
  await using without = await probe();
  const first = await bytes(without);
  assert.deepEqual(await bytes(without), first);
  await using again = await probe();
  assert.deepEqual(await bytes(again), first, "nothing of the host decides them");
  await using seeded = await probe({ random: { seed: 1 } });
  assert.notDeepEqual(await bytes(seeded), first);
  await using full = await probe({ random: "full" });
  assert.notDeepEqual(await bytes(full), await bytes(full));
  await using none = await probe({ random: "none" });
  for (const [module, name] of [
    ["random", "getRandomBytes"],
    ["random", "getRandomU64"],
  ] as const) {
    const asking = none.run(({ wasi, call }, given) => call(wasi[given.module], given.name, 16), { module, name });
    await failsWith("trap", /random bytes are not granted/u, asking);
  }
});

/** Tells how many variables it sees. */
const COUNTING = `(component
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))))
  (core module $store (memory (export "memory") 1) (global $free (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $free)
      (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 7)) (i32.const -8)))))
  (core instance $store (instantiate $store))
  (core func $get (canon lower (func $environment "get-environment")
    (memory (core memory $store "memory")) (realloc (core func $store "realloc"))))
  (core module $m (import "" "get" (func $get (param i32))) (import "" "memory" (memory 1))
    (func (export "f") (result i32) (call $get (i32.const 16)) (i32.load (i32.const 20))))
  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "memory" (memory $store "memory"))))))
  (func (export "f") (result u32) (canon lift (core func $i "f"))))`;

// Weakening: limits that are sent to a thread take the place of the grants of the same call.
test("however many limits calls have, each has the grants of its sandbox", async () => {
  const source = await textGuest("counting-variables", COUNTING);
  await using sandbox = await Sandbox.open(source, {
    cache: TEST_CACHE,
    grants: { environment: { set: { OWN: "value" } } },
  });
  for (let count = 0; count < 100; count += 1) {
    assert.equal((await sandbox.call("f", [], { limits: { fuel: 1_000_000 + count } })).value, 1);
  }
});
