import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { AuditEvent } from "../../src/audit/event.ts";
import { type GrantsInput, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest, wasiProbe } from "../support/guests.ts";
import { Probe } from "../support/probe.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-deterministic-"));
after(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "file"), "inside");

const GRANTS: GrantsInput = { filesystem: { preopens: [`${folder}::/data`] }, stdin: true };

async function open(options: SandboxOptions): Promise<Probe> {
  const events: AuditEvent[] = [];
  const onEvent = (event: AuditEvent): void => void events.push(event);
  return new Probe(await Sandbox.open(await wasiProbe(), { cache: TEST_CACHE, onEvent, ...options }), events);
}

/** Everything that one run shows to the outside, and to the guest. */
interface Seen {
  readonly result: unknown;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly object[];
  readonly calls: unknown;
  readonly fuel: unknown;
}

let modified = 1_000_000_000;

/** A guest that looks at all there is to tell one run from another. Each run finds its file modified at another time. */
async function run(options: SandboxOptions): Promise<Seen> {
  modified += 1_000;
  utimesSync(join(folder, "file"), modified, modified);
  await using guest = await open({ grants: GRANTS, ...options });
  const [stdout, stderr]: Uint8Array[][] = [[], []];
  const result = await guest.run(
    ({ wasi, call, folders, open: openAt, read, lookUp, connect, address, bytes }) => {
      const now = (): unknown => [call(wasi["monotonicClock"], "now"), call(wasi["wallClock"], "now")];
      const seen: unknown[] = [now(), now(), call(wasi["monotonicClock"], "resolution")];
      const [hour, day] = [3_600_000_000_000, 86_400_000_000_000].map((ns) =>
        call(wasi["monotonicClock"], "subscribeDuration", ns),
      );
      seen.push(call(wasi["poll"], "poll", [day, hour, day]), now());
      seen.push(call(wasi["poll"], "poll", [day]), now());
      for (let round = 0; round < 100; round += 1) {
        call(call(wasi["monotonicClock"], "subscribeDuration", round * 1_000_003), "block");
        seen.push(call(wasi["monotonicClock"], "now"));
      }
      seen.push(
        call(wasi["random"], "getRandomBytes", 100),
        call(wasi["insecure"], "getInsecureRandomU64"),
        call(wasi["insecureSeed"], "insecureSeed"),
      );
      const [root] = folders();
      seen.push(read(root, "file"), read(root, "none"), read(root, "../x"), openAt(root, "file", "w"));
      seen.push(call(root, "stat"), call(root, "statAt", { symlinkFollow: true }, "file"));
      seen.push(lookUp("example.invalid"), connect(address("127.0.0.1", 1)));
      seen.push(call(call(wasi["stdin"], "getStdin"), "blockingRead", 100));
      for (const name of ["stdout", "stderr"]) {
        const stream = call(wasi[name], name === "stdout" ? "getStdout" : "getStderr");
        call(stream, "blockingWriteAndFlush", bytes(JSON.stringify(seen).slice(0, 4_000)));
      }
      return seen;
    },
    undefined,
    {
      stdin: new TextEncoder().encode("given"),
      stdout: (chunk) => void stdout?.push(chunk),
      stderr: (chunk) => void stderr?.push(chunk),
    },
  );
  return {
    result,
    stdout: Buffer.concat(stdout ?? []).toString(),
    stderr: Buffer.concat(stderr ?? []).toString(),
    events: guest.events.map(({ timestamp: _timestamp, ...event }) => event),
    calls: guest.usage?.hostCallsByFunction,
    fuel: guest.usage?.fuel,
  };
}

// Weakening, each alone: `VirtualClock` adds the time of the host; `poll` takes the first sleep and not the shortest; the
// generator is seeded by the host; `toldTime` tells times without the grant.
test("a deterministic run is the same twice: its results, its output, its events and its fuel", async () => {
  const first = await run({ deterministic: true });
  assert.deepEqual(await run({ deterministic: true }), first);
  assert.ok(first.events.length > 3 && first.stdout.length > 1_000);
  const other = await run({ deterministic: { seed: 7 } });
  assert.notDeepEqual(other.result, first.result);
  assert.deepEqual(await run({ deterministic: { seed: 7n } }), other);
});

test("sleeps of virtual time end at once and in order, and a guest that sleeps for ever still ends", async () => {
  await using guest = await open({ deterministic: true, limits: { timeoutMs: 10_000 } });
  const times = await guest.run(({ wasi, call }) => {
    const sleep = (ns: number): unknown => call(wasi["monotonicClock"], "subscribeDuration", ns);
    const year = 31_557_600_000_000_000;
    const [long, short] = [sleep(2 * year), sleep(year)];
    const start = Number(call(wasi["monotonicClock"], "now"));
    return [
      call(wasi["poll"], "poll", [long, short]),
      call(wasi["poll"], "poll", [long]),
      Math.round((Number(call(wasi["monotonicClock"], "now")) - start) / year),
    ];
  });
  assert.deepEqual(times, [[1], [0], 2]);
  const spinning = guest.run(
    ({ wasi, call }) => {
      for (;;) call(call(wasi["monotonicClock"], "subscribeDuration", 1_000), "block");
    },
    undefined,
    { limits: { timeoutMs: 300 } },
  );
  // It holds a handle for each of its sleeps, and comes to that limit or to its deadline.
  await failsWith("limit", /./u, spinning);
});

test("a guest that catches what a host call throws where the stack ends does not learn how deep that was", async () => {
  const text = `(component
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
    (core func $now (canon lower (func $clock "now")))
    (core module $m
      (import "host" "now" (func $now (result i64)))
      (global $deep (mut i32) (i32.const 0))
      (func $nest
        (drop (call $now))
        (global.set $deep (i32.add (global.get $deep) (i32.const 1)))
        (call $nest)
        (global.set $deep (i32.sub (global.get $deep) (i32.const 0))))
      (func (export "f") (result i32)
        (block $caught (try_table (catch_all $caught) (call $nest)))
        (global.get $deep)))
    (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))`;
  const source = await textGuest("catching-the-end-of-the-stack", text);
  await using sandbox = await Sandbox.open(source, { cache: TEST_CACHE, deterministic: true });
  for (let call = 0; call < 3; call += 1) {
    // It has a stack of its own, whose end nothing can catch; or that of its thread, where the host says so first.
    await failsWith("trap", /nested so deep|call stack size exceeded/u, sandbox.call("f"));
  }
});

test("what only the host could tell is refused beside a deterministic run", async () => {
  const wasm = await wasiProbe();
  const refused = (grants: GrantsInput, message: RegExp): Promise<unknown> =>
    failsWith("policy", message, Sandbox.open(wasm, { cache: TEST_CACHE, grants, deterministic: true }));
  await refused({ clocks: "read" }, /the host's time/u);
  await refused({ random: "full" }, /the host's random bytes/u);
});
