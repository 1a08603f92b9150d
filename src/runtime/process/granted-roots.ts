import { lstatSync, realpathSync } from "node:fs";
import type { Confinement } from "./confinement.ts";

/**
 * What was at the granted paths when a process was started. The system's sandbox shows a process those very files and folders for as
 * long as it runs: a file that an editor replaced meanwhile would be the old one in there.
 */
export class GrantedRoots {
  /** The confinement without paths at which nothing is any more, or a link, which was not granted. */
  readonly present: Confinement;
  readonly #identities: ReadonlyMap<string, string | undefined>;

  constructor(confinement: Confinement) {
    const { read, write, readOnlyWithin } = confinement;
    const identities = new Map([...read, ...write, ...readOnlyWithin].map((path) => [path, identityAt(path)]));
    const isPresent = (path: string): boolean => identities.get(path) !== undefined;
    this.#identities = identities;
    this.present = {
      ...confinement,
      read: read.filter(isPresent),
      write: write.filter(isPresent),
      readOnlyWithin: readOnlyWithin.filter(isPresent),
    };
  }

  /** Whether something else is at one of the paths by now. */
  get changed(): boolean {
    return [...this.#identities].some(([path, identity]) => identityAt(path) !== identity);
  }
}

/** Which file or folder is at a path without links in it, by device and inode. */
function identityAt(path: string): string | undefined {
  try {
    if (realpathSync.native(path) !== path) return undefined;
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    // It is gone, or cannot be looked at, and so not be shown either.
    return undefined;
  }
}
