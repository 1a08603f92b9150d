import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Playground } from "../support/filesystem.ts";
import { startRacer } from "../support/link-racer.ts";
import { probe } from "../support/probe.ts";
import { needing } from "../support/needs.ts";

/*
 * A guest that opens in a loop while another process swaps what it opens for links to the outside. Seen to fail with
 * `FolderByDescriptor.look` and `enter` without O_NOFOLLOW; and with an `enter` that looks first whether the name is a link, and
 * then enters without O_NOFOLLOW, which nothing but a race can tell from the real one.
 */

/** How many opens are raced in all, in calls of this many each, and for how long at most. */
const OPENS = 20_000;
const OPENS_A_CALL = 1_000;
const MAX_MS = 20_000;

test(
  "another process swaps folders and files for links while a guest opens: nothing outside is read or changed",
  { timeout: 120_000 },
  needing(["linux"], async () => {
    using place = new Playground();
    for (const [folder, content] of [
      [place.inside, "inside"],
      [place.outside, "SECRET"],
    ] as const) {
      mkdirSync(join(folder, "a/b"), { recursive: true });
      writeFileSync(join(folder, "a/b/f"), content);
    }
    const before = snapshot(place.outside);
    const limits = { timeoutMs: 60_000, maxReadBytes: 2 ** 40, maxWriteBytes: 2 ** 40 };
    const filesystem = { preopens: [`${place.inside}::/:rw`], create: true, delete: true };
    await using guest = await probe({ filesystem }, limits);
    await using _racer = await startRacer(place.inside, place.outside, MAX_MS + 60_000);
    const seen = new Map<string, number>();
    const end = Date.now() + MAX_MS;
    for (let opens = 0; opens < OPENS && Date.now() < end; opens += OPENS_A_CALL) {
      const found = await guest.run(({ folders, read, put, open, call, drop }, count) => {
        const [root] = folders();
        const counts: Record<string, number> = {};
        const note = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1);
        let held = open(root, "a", "rmn");
        for (let turn = 0; turn < count / 8; turn += 1) {
          note(`read ${read(root, "a/b/f")}`);
          note(`read ${read(root, "toggle/f")}`);
          note(`read ${read(root, "a/../toggle/./f")}`);
          note(`read ${typeof held === "string" ? held : read(held, "b/f")}`);
          note(`put ${put(root, "a/b/f", "inside", "wt")}`);
          note(`put ${put(root, `a/b/new${turn % 3}`, "inside", "wc")}`);
          note(`put ${put(root, `toggle/new${turn % 3}`, "inside", "wc")}`);
          call(root, "linkAt", { symlinkFollow: false }, "toggle/f", root, "a/b/linked");
          call(root, "renameAt", "a/b/linked", root, "toggle/moved");
          call(root, "unlinkFileAt", "toggle/moved");
          call(root, "unlinkFileAt", `toggle/new${turn % 3}`);
          call(root, "createDirectoryAt", "a/b/made");
          call(root, "removeDirectoryAt", "toggle/made");
          drop(held);
          held = open(root, "a", "rmn");
        }
        return counts;
      }, OPENS_A_CALL);
      for (const [what, count] of Object.entries(found)) seen.set(what, (seen.get(what) ?? 0) + count);
    }
    const summary = JSON.stringify([...seen]);
    assert.equal(seen.get("read SECRET"), undefined, `something outside was read: ${summary}`);
    assert.deepEqual(snapshot(place.outside), before, "something outside was changed");
    assert.ok((seen.get("read inside") ?? 0) > 0 && (seen.get("put ok") ?? 0) > 0, `nothing worked: ${summary}`);
    assert.ok((seen.get("read !not-permitted") ?? 0) > 0, `there was no race: ${summary}`);
  }),
);

function snapshot(folder: string): readonly unknown[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => {
      const path = join(folder, name);
      const stats = statSync(path, { bigint: true });
      return [name, stats.ino, stats.nlink, stats.mtimeNs, stats.isFile() ? readFileSync(path, "utf8") : ""];
    });
}
