import { join } from "node:path";
import { CordonError } from "../shared/errors.ts";
import { privateDirectory } from "../shared/machine/private-directory.ts";
import { configDirectory } from "../shared/machine/xdg.ts";

/**
 * The folder that secrets are kept in, which nobody else may write to; made when it is not there.
 *
 * @param asked Default `$XDG_CONFIG_HOME/cordon/secrets`.
 * @throws CordonError `usage` when there is none to rely on.
 */
export function secretsDirectory(asked?: string, ...below: readonly string[]): string {
  const config = configDirectory();
  const root = asked ?? (config === undefined ? undefined : join(config, "secrets"));
  if (root === undefined) {
    throw new CordonError("usage", "Cannot keep secrets: this user has no home folder; set XDG_CONFIG_HOME");
  }
  const found = privateDirectory(join(root, ...below));
  if ("path" in found) return found.path;
  throw new CordonError("usage", `Cannot keep secrets: ${found.problem}`);
}
