import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GrantsInput } from "../policy/parse-grants.ts";
import { Sandbox } from "../sandbox/sandbox.ts";
import { assetPath } from "../shared/bundled.ts";
import { AccessLog } from "./access-log.ts";
import { capabilityTable } from "./capability-table.ts";
import { EXIT } from "./exit-codes.ts";
import { reportFailure } from "./failure.ts";
import { LoadProgress } from "./progress.ts";
import { styled, writeGuestText } from "./terminal.ts";

/** The demo skills, with what each is granted. */
const DEMOS = [
  { name: "malicious", grants: () => ({}) },
  { name: "trusted", grants: (folder: string): GrantsInput => ({ filesystem: { read: [folder] } }) },
] as const;

/** `cordon demo [malicious|trusted]`: runs the bundled skills. Returns the exit code. */
export async function demoCommand(only: string | undefined): Promise<number> {
  for (const { name, grants } of DEMOS) {
    if (only !== undefined && only !== name) continue;
    const code = await demo(name, grants);
    if (code !== EXIT.done) return code;
  }
  return EXIT.done;
}

async function demo(name: string, grants: (folder: string) => GrantsInput): Promise<number> {
  const out = process.stdout;
  // The skill asks for `./demo.txt`, so it runs where there is one, and nothing else.
  const before = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), "cordon-demo-"));
  try {
    await cp(assetPath("demo/demo.txt"), join(folder, "demo.txt"));
    process.chdir(folder);
    const granted = grants(".");
    out.write(`${styled("heading", "=== Cordon - Running Skill Component ===", out)}\n`);
    out.write(`Component: ${name}\nCapabilities:\n${capabilityTable(granted, out).join("\n")}\n\n`);
    using log = new AccessLog(undefined, process.stderr);
    using progress = new LoadProgress(name, process.stderr);
    await using sandbox = await Sandbox.open(assetPath(`skills/demo-${name}.wasm`), {
      name,
      grants: granted,
      onEvent: log.record,
      onStage: progress.stage,
    });
    progress[Symbol.dispose]();
    const { value } = await sandbox.call();
    out.write(`\n${styled("heading", "=== Component Result ===", out)}\n`);
    writeGuestText(String(value), out);
    out.write("\n");
    return EXIT.done;
  } catch (thrown) {
    return reportFailure(thrown, process.stderr);
  } finally {
    process.chdir(before);
    await rm(folder, { recursive: true, force: true });
  }
}
