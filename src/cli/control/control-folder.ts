import { isAbsolute, join } from "node:path";
import { CordonError } from "../../shared/errors.ts";
import { privateDirectory } from "../../shared/machine/private-directory.ts";
import { stateDirectory } from "../../shared/machine/xdg.ts";

/**
 * The folder in which servers of this user listen for what they are told, each on a socket with the number of its process. Nobody else may
 * put anything there.
 *
 * @throws CordonError `usage` where there can be none.
 */
export function controlFolder(): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const state = stateDirectory();
  const folder = runtime !== undefined && isAbsolute(runtime) ? join(runtime, "cordon") : state && join(state, "run");
  const usable = folder === undefined ? { problem: "this user has no home directory" } : privateDirectory(folder);
  if ("problem" in usable) throw new CordonError("usage", `Cannot reach servers by their sockets: ${usable.problem}`);
  return usable.path;
}
