import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { prewarm } from "../sandbox/prewarm.ts";
import { privateDirectory } from "../shared/machine/private-directory.ts";
import { cacheDirectory } from "../shared/machine/xdg.ts";
import { EXIT } from "./output/exit-codes.ts";
import { watchOutput } from "./output/output-errors.ts";

/** Commands that run a guest: its worker thread starts while the command line is still being read. */
const RUNS_GUESTS: ReadonlySet<string | undefined> = new Set(["run", "scan", "demo"]);

/** Runs the command line: parses, hands over to one command, and has the process exit with its code. */
export async function start(words: readonly string[]): Promise<void> {
  watchOutput();
  watchEnd();
  process.once("uncaughtException", (thrown) => {
    void import("./output/uncaught.ts").then(({ failUncaught }) => process.exit(failUncaught(thrown, words)));
  });
  // Node's default place for compiled code is a folder in /tmp that another user may have made.
  const cache = cacheDirectory();
  const code = cache === undefined ? undefined : privateDirectory(join(cache, "code"));
  if (code !== undefined && "path" in code) enableCompileCache(code.path);
  const elsewhere = words.includes("--help") || words.some((word) => word.startsWith("--isolation"));
  const release = RUNS_GUESTS.has(words[0]) && !elsewhere ? prewarm() : undefined;
  const { main } = await import("./commands.ts");
  process.exitCode = await main(words);
  await release?.();
}

/** A command that waits for what never comes lets the process end without a code of its own, which would look like success. */
function watchEnd(): void {
  process.once("exit", () => {
    if (process.exitCode !== undefined) return;
    process.exitCode = EXIT.fault;
    process.stderr.write("internal error: the command came to no end\n");
  });
}
