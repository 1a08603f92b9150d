import { lstatSync, mkdirSync } from "node:fs";

/**
 * Makes sure that a folder is there (mode 0700 when it is made) and fit to keep code in that this process will run: a real
 * folder, of this user, that no one else can write to.
 */
export function isPrivateDirectory(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = lstatSync(directory);
    if (!found.isDirectory()) return false;
    if (process.getuid === undefined) return true;
    return found.uid === process.getuid() && (found.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
