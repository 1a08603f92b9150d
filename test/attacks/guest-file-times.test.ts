import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import type { GrantsInput } from "../../src/sandbox/index.ts";
import { playgroundWithSecret } from "../support/filesystem.ts";
import { type Probe, probe } from "../support/probe.ts";

/*
 * What time it is, as a guest may learn it from files that it writes, by the public API. Disposing of a probe makes one more call
 * that must work. Each case was seen to fail with the weakening that its comment names.
 */

/** A guest that may do everything in a folder, with those clocks. */
function guestIn(inside: string, clocks: GrantsInput["clocks"]): Promise<Probe> {
  const filesystem = { preopens: [{ host: inside, guest: "/", write: true, create: true, delete: true }] };
  return probe({ filesystem, ...(clocks === undefined ? {} : { clocks }) });
}

type Times = readonly (readonly [seconds: number, nanoseconds: number] | null)[];

/** Every time that the guest is told of files it was given, wrote, touched and made, each in every way there is. */
function timesTold(guest: Probe): Promise<readonly Times[]> {
  return guest.run(({ folders, open, put, call }) => {
    const [root] = folders();
    put(root, "new", "some bytes");
    put(root, "file", "other bytes");
    call(root, "createDirectoryAt", "made");
    call(root, "symlinkAt", "file", "link");
    call(root, "setTimesAt", { symlinkFollow: true }, "dir/x", { tag: "now" }, { tag: "now" });
    const all = ["new", "file", "made", "link", "dir", "dir/x", "."].flatMap((path) => [
      call(root, "statAt", { symlinkFollow: true }, path),
      call(root, "statAt", { symlinkFollow: false }, path),
      call(open(root, path), "stat"),
    ]);
    return all.map((one) => {
      const stat = one as Record<string, { readonly seconds: number; readonly nanoseconds: number } | undefined>;
      return ["dataAccessTimestamp", "dataModificationTimestamp", "statusChangeTimestamp"].map((name) => {
        const time = stat[name];
        return time ? ([time.seconds, time.nanoseconds] as const) : null;
      });
    });
  });
}

// Weakening: `toldTime` tells what it is given.
test("without a grant of clocks, and in virtual time, no file tells the host's time", async () => {
  for (const clocks of [undefined, { resolutionNs: 1 }, { jitterNs: 1_000 }, "virtual"] as const) {
    using place = playgroundWithSecret();
    await using guest = await guestIn(place.inside, clocks);
    const told = await timesTold(guest);
    assert.equal(told.length, 21);
    assert.deepEqual(new Set(told.flat()), new Set([null]), `clocks: ${JSON.stringify(clocks)}`);
  }
});

// Weakening, each alone: `toldTime` does not round; it rounds up.
test("with the grant files tell the host's time, and no finer than the clock does", async () => {
  for (const resolutionNs of [1_000_000, 20_000_000, 60_000_000_000]) {
    using place = playgroundWithSecret();
    await using guest = await guestIn(place.inside, { kind: "read", resolutionNs });
    const before = statSync(place.inside, { bigint: true }).mtimeNs;
    for (const time of (await timesTold(guest)).flat()) {
      assert.ok(time !== null);
      const ns = BigInt(time[0]) * 1_000_000_000n + BigInt(time[1]);
      assert.equal(ns % BigInt(resolutionNs), 0n, `${ns}`);
      assert.ok(ns > before - 60_000_000_000n - BigInt(resolutionNs) && ns <= BigInt(Date.now() + 1) * 1_000_000n);
    }
  }
});

// Weakening: `ExactTimes.of` answers nothing.
test("the times that a guest sets itself are its own to see, whatever clocks it has", async () => {
  for (const clocks of [undefined, { kind: "read", resolutionNs: 1_000_000_000 }, "virtual"] as const) {
    using place = playgroundWithSecret();
    await using guest = await guestIn(place.inside, clocks);
    const seen = await guest.run(({ folders, call }) => {
      const [root] = folders();
      const time = { tag: "timestamp", val: { seconds: 1_234_567_890, nanoseconds: 987_654_321 } };
      const follow = { symlinkFollow: true };
      call(root, "setTimesAt", follow, "file", { tag: "no-change" }, time);
      return (call(root, "statAt", follow, "file") as Record<string, unknown>)["dataModificationTimestamp"];
    });
    assert.deepEqual(seen, { seconds: 1_234_567_890, nanoseconds: 987_654_321 }, `clocks: ${JSON.stringify(clocks)}`);
  }
});
