import type { GrantsInput } from "../../policy/parsing/parse-grants.ts";
import { Sandbox } from "../../sandbox/sandbox.ts";
import { assetPath } from "../../shared/machine/bundled.ts";
import { AccessLog } from "../output/access-log.ts";
import { capabilityTable } from "../output/capability-table.ts";
import { EXIT, exitCodeOf } from "../output/exit-codes.ts";
import { reportFailure } from "../output/failure.ts";
import { Interruption } from "../interruption.ts";
import { LoadProgress } from "../output/progress.ts";
import { styled, writeGuestText } from "../output/terminal.ts";

/** The demo skills, with what each is granted. */
const DEMOS: readonly { readonly name: string; readonly grants: GrantsInput }[] = [
  { name: "malicious", grants: {} },
  { name: "trusted", grants: { filesystem: { read: ["."] } } },
];

/** `cordon demo [malicious|trusted]`: runs the bundled skills. Returns the exit code. */
export async function demoCommand(only: string | undefined): Promise<number> {
  using interruption = new Interruption();
  try {
    // The trusted skill asks for `./demo.txt`: this is where there is one, and nothing else.
    process.chdir(assetPath("demo"));
    const chosen = DEMOS.filter(({ name }) => only === undefined || only === name);
    for (const [index, { name, grants }] of chosen.entries()) {
      if (index > 0) process.stdout.write("\n");
      await demo(name, grants, interruption.signal);
    }
    return EXIT.done;
  } catch (thrown) {
    reportFailure(thrown, process.stderr);
    return exitCodeOf(thrown, { interrupted: interruption.exitCode });
  }
}

async function demo(name: string, grants: GrantsInput, signal: AbortSignal): Promise<void> {
  const out = process.stdout;
  out.write(`${styled("heading", "=== Cordon - Running Skill Component ===", out)}\n`);
  out.write(`Component: ${name}\nCapabilities:\n${capabilityTable(grants, out).join("\n")}\n\n`);
  using log = new AccessLog(undefined, process.stderr);
  using progress = new LoadProgress(`the ${name} skill`, process.stderr);
  await using sandbox = await Sandbox.open(assetPath(`skills/demo-${name}.wasm`), {
    name,
    grants,
    signal,
    onEvent: log.record,
    onStage: progress.stage,
  });
  progress[Symbol.dispose]();
  const { value } = await sandbox.call("skill#run", [], { signal });
  out.write(`\n${styled("heading", "=== Component Result ===", out)}\n`);
  writeGuestText(String(value), out);
}
