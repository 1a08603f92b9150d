/** Builds what is missing and runs `cordon demo`, with the arguments given. */
import { join } from "node:path";
import { ensureBuilt } from "./ensure-built.ts";
import { execStatus, ROOT } from "./exec.ts";

await ensureBuilt();
process.exitCode = await execStatus(process.execPath, [
  join(ROOT, "dist/bin/cordon.js"),
  "demo",
  ...process.argv.slice(2),
]);
