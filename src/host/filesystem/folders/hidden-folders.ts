import { FilesystemError } from "../wasi/error-code.ts";
import { covers } from "../paths/check.ts";
import type { Protection } from "./held-folder.ts";

/**
 * Refuses to hold a folder that no grant covers. Whatever is in a folder is reached by holding it, so this closes it by every name and link
 * that leads there.
 *
 * @param identity What the folder is, as `identityOf` writes it.
 * @param where Its real path; asked for only where a folder is missing that is to be closed once it is there.
 */
export function checkNotHidden({ hidden }: Protection, identity: () => string, where: () => string): void {
  if (hidden === undefined) return;
  const isMissing = (): boolean => {
    if (hidden.missing.length === 0) return false;
    const path = where();
    return hidden.missing.some((one) => covers(one, path));
  };
  if ((hidden.identities.size > 0 && hidden.identities.has(identity())) || isMissing()) {
    throw FilesystemError.denied(
      "not-permitted",
      "the host keeps keys and secrets of its own there, which no grant covers",
    );
  }
}
