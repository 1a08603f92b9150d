/**
 * Makes calls in this process and prints what became of each and of the process's resident memory, as JSON. Its argument is an
 * `Attacks` as JSON.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { CordonError, Sandbox } from "../../src/sandbox/index.ts";
import type { Attacked, Attacks } from "./amplification.ts";
import { TEST_CACHE } from "./guests.ts";

const attack = JSON.parse(process.argv[2] ?? "") as Attacks;

/** Resident memory of the process now, and the most it was since {@link forgetPeak}, in bytes. */
function resident(): { readonly now: number; readonly peak: number } {
  const now = process.memoryUsage.rss();
  if (process.platform !== "linux") return { now, peak: now };
  const [, kib = "0"] = /^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return { now, peak: Number(kib) * 1024 };
}

function forgetPeak(): void {
  if (process.platform === "linux") writeFileSync("/proc/self/clear_refs", "5");
}

async function outcomeOf(call: Promise<unknown>): Promise<Pick<Attacked, "code" | "limit" | "message">> {
  try {
    await call;
    return { code: "value", limit: undefined, message: "" };
  } catch (thrown) {
    if (!(thrown instanceof CordonError)) throw thrown;
    return { code: thrown.code, limit: thrown.limit?.limit, message: thrown.message };
  }
}

await using sandbox = await Sandbox.open(attack.source, {
  cache: TEST_CACHE,
  grants: { ...attack.grants, custom: { take: true } },
  limits: attack.limits,
  hostFunctions:
    attack.taken === undefined
      ? []
      : [
          {
            interface: "acme:sink/sink",
            name: "take",
            type: `func(given: ${attack.taken})`,
            capability: "take",
            call: () => undefined,
          },
        ],
});
// What any first call costs the process is not the attack's doing.
for (let call = 0; call < 3; call += 1) await outcomeOf(sandbox.call("f", [attack.harmless]));
const answers: Attacked[] = [];
for (const parameters of attack.parameters) {
  const before = resident().now;
  forgetPeak();
  const outcome = await outcomeOf(sandbox.call("f", parameters));
  const { peak } = resident();
  const again = await outcomeOf(sandbox.call("f", [attack.harmless]));
  answers.push({ ...outcome, again: again.code, peak: peak - before, after: resident().now - before });
}
process.stdout.write(`${JSON.stringify(answers)}\n`);
