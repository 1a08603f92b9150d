import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Swaps `a` and `a/b`, which are folders, and `a/b/f`, a file, for links to what has these names outside, and back, and points
 * `toggle` to the inside and to the outside by turns.
 */
const RACER = `
const { renameSync, symlinkSync, unlinkSync, writeSync } = require("node:fs");
const [inside, outside, lifetimeMs] = process.argv.slice(1);
const end = Date.now() + Number(lifetimeMs);
// The guest makes and removes names as well, so that any step may fail.
const attempt = (step) => { try { step(); } catch {} };
const names = ["a", "a/b", "a/b/f"];
const kept = (name) => inside + "/kept-" + name.replaceAll("/", "-");
for (const name of names) attempt(() => unlinkSync(kept(name)));
writeSync(1, "ready");
for (let turn = 0; Date.now() < end; turn += 1) {
  for (const name of names) {
    const target = turn % 2 === 0 ? outside : "../".repeat(name.split("/").length) + "outside";
    attempt(() => renameSync(inside + "/" + name, kept(name)));
    attempt(() => symlinkSync(target + "/" + name, inside + "/" + name));
    attempt(() => unlinkSync(inside + "/" + name));
    attempt(() => renameSync(kept(name), inside + "/" + name));
    attempt(() => unlinkSync(inside + "/toggle"));
    attempt(() => symlinkSync(turn % 2 === 0 ? "a/b" : target + "/a/b", inside + "/toggle"));
  }
}
`;

/** Starts another process that races against whoever opens below `inside`, until it is disposed of or its time is up. */
export async function startRacer(inside: string, outside: string, lifetimeMs: number): Promise<AsyncDisposable> {
  const racer = spawn(process.execPath, ["-e", RACER, inside, outside, `${lifetimeMs}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(racer.stdout, "data");
  return {
    [Symbol.asyncDispose]: async () => {
      racer.kill("SIGKILL");
      if (racer.exitCode === null && racer.signalCode === null) await once(racer, "exit");
    },
  };
}
