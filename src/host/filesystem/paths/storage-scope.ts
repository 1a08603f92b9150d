import type { BigIntStats, Dirent } from "node:fs";
import { seenAt } from "../../../policy/real-path.ts";
import { ACCESS, accessText, CONTENT_ACCESS, EVERY_ACCESS } from "../../../policy/storage/access.ts";
import { type PathRights, type RuleIndex, ruleIndex } from "../../../policy/storage/rule-index.ts";
import type { StorageRules } from "../../../policy/storage/storage-rules.ts";
import type { FileNeed, Use } from "../../../shared/use.ts";
import { type HeldFolder, identityOf } from "../folders/held-folder.ts";
import { FilesystemError } from "../wasi/error-code.ts";

/** What a denied path stands for now. */
interface DeniedFile {
  readonly access: number;
  /** Its real path, where the rules see to it themselves. */
  readonly real: string;
  readonly written: string;
}

/**
 * The files that rules deny by a literal path, by what they are now, or were when the rules were read where this process may not see
 * them. Those that are not there are left out.
 */
export function deniedFiles({ deniedPaths }: Pick<StorageRules, "deniedPaths">): ReadonlyMap<string, DeniedFile> {
  const found = new Map<string, DeniedFile>();
  for (const { path, access, written, seen } of deniedPaths) {
    const now = seenAt(path) ?? seen;
    if (now === undefined) continue;
    const known = found.get(now.identity)?.access ?? 0;
    found.set(now.identity, { access: access | known, real: withSlashes(now.real), written });
  }
  return found;
}

/** Why rules refuse an access to a real path, one line; `undefined` when they do not. */
export function ruleProblem(index: RuleIndex, path: string, access: number): string | undefined {
  const { rights } = index.of(path);
  if ((rights & access) === access) return undefined;
  const missing = access & ~rights;
  const denial = index.denialOf(path, missing);
  if (denial !== undefined) {
    return `it is denied by the rule ${denial.written}${denial.reason === undefined ? "" : `: ${denial.reason}`}`;
  }
  if (index.isFenced(path, missing)) return "it lies outside the fence that the machine's policy sets";
  return `no rule lets it be reached for ${accessText(missing)}`;
}

/** Storage rules as they hold for one invocation, below one preopened folder. */
export class StorageScope {
  readonly #index: RuleIndex;
  readonly #denied: ReadonlyMap<string, DeniedFile>;

  readonly #used: (use: Use) => void;

  /** @param used Told what each check that passed took of the rules; left out where nobody wants to know. */
  constructor(rules: StorageRules, used: (use: Use) => void = () => undefined) {
    this.#index = ruleIndex(rules);
    this.#denied = deniedFiles(rules);
    this.#used = used;
  }

  /** What may be done with a name in a folder, or with the folder itself. */
  rightsOf(folder: HeldFolder, name: string | undefined): PathRights {
    return this.#index.of(pathOf(folder, name));
  }

  /** Refuses an access that the rules do not allow, by the path and by what has the name. */
  check(folder: HeldFolder, name: string | undefined, access: number, seen?: BigIntStats): void {
    const path = pathOf(folder, name);
    const problem = ruleProblem(this.#index, path, access) ?? this.#aliasProblem(path, access, seen);
    if (problem !== undefined) throw refused(problem);
    this.#needs(path, "all", access);
  }

  /** Why an access is refused to a file that has no name any more, by the path that it had. */
  problemAt(path: string, access: number, seen: BigIntStats): string | undefined {
    const had = withSlashes(path);
    return ruleProblem(this.#index, had, access) ?? this.#aliasProblem(had, access, seen);
  }

  /**
   * Refuses even to look at what neither is to be reached nor leads to anything that is. Once it was looked at, that is told apart: there
   * is nothing below a file, and a link that is denied by its name leads nowhere.
   */
  checkReachable(folder: HeldFolder, name: string | undefined, seen?: BigIntStats): void {
    const path = pathOf(folder, name);
    const { rights, below, denied } = this.#index.of(path);
    const leads = seen === undefined || seen.isDirectory() || (seen.isSymbolicLink() && denied === 0);
    if ((rights | (leads ? below : 0)) === 0)
      throw refused(ruleProblem(this.#index, path, ACCESS.read) ?? "no rule leads there");
    const problem = this.#aliasProblem(path, EVERY_ACCESS, seen);
    if (problem !== undefined && (seen?.isDirectory() === true || this.#isWhollyDenied(seen))) throw refused(problem);
    this.#needs(path, leads ? "reach" : "name");
  }

  /** Refuses what only leads on when it is not what it would have to be, so that no failure tells whether it is there. */
  checkFailed(folder: HeldFolder, name: string): void {
    const path = pathOf(folder, name);
    if (this.#index.of(path).rights !== 0) return this.#needs(path, "name");
    throw refused(ruleProblem(this.#index, path, ACCESS.read) ?? "no rule leads there");
  }

  /** Refuses to follow a link that is denied by its name. */
  checkLink(folder: HeldFolder, name: string): void {
    const path = pathOf(folder, name);
    const { rights, denied } = this.#index.of(path);
    if (rights !== 0 || denied === 0) return this.#needs(path, "follow");
    throw refused(ruleProblem(this.#index, path, ACCESS.read) ?? "a rule denies the link");
  }

  /** Whether a name is among the entries of a folder. What it is tells the entry, as `stat` would. */
  isListed(folder: HeldFolder, entry: Pick<Dirent, "name" | "isDirectory" | "isSymbolicLink">): boolean {
    const { rights, below, denied } = this.rightsOf(folder, entry.name);
    const leads = entry.isDirectory() || (entry.isSymbolicLink() && denied === 0);
    return (rights | (leads ? below : 0)) !== 0;
  }

  /** Refuses to list a folder in which nothing may be read. */
  checkListable(folder: HeldFolder): void {
    const { rights, below } = this.rightsOf(folder, undefined);
    if (((rights | below) & ACCESS.read) !== 0) return this.#needs(pathOf(folder, undefined), "list", ACCESS.read);
    throw refused(ruleProblem(this.#index, pathOf(folder, undefined), ACCESS.read) ?? "nothing in it may be read");
  }

  /** Refuses to move, remove, replace or link a name that a rule leads through: another tree could be put in its place. */
  checkNotThrough(folder: HeldFolder, name: string): void {
    if (!this.rightsOf(folder, name).leadsOn) return this.#used({ kind: "replace", path: pathOf(folder, name) });
    throw refused("a rule leads through it, so that it stays what it is");
  }

  /**
   * Refuses a further or another name for what the new name would give more rights to: what any denial covers, and what could be read,
   * modified or made larger under the new name alone.
   */
  checkNewName(
    from: { readonly folder: HeldFolder; readonly name: string },
    to: { readonly folder: HeldFolder; readonly name: string; readonly scope: StorageScope | undefined },
    stats: BigIntStats,
  ): void {
    const [source, target] = [pathOf(from.folder, from.name), pathOf(to.folder, to.name)];
    const old = this.#index.of(source);
    if (old.denied !== 0) throw refused(ruleProblem(this.#index, source, old.denied) ?? "a rule denies it");
    const problem = this.#aliasProblem(source, EVERY_ACCESS, stats);
    if (problem !== undefined) throw refused(problem);
    const index = to.scope === undefined ? undefined : to.scope.#index;
    const made = index?.of(target) ?? { rights: EVERY_ACCESS, maxFileBytes: Number.MAX_SAFE_INTEGER };
    if ((made.rights & CONTENT_ACCESS & ~old.rights) !== 0 || made.maxFileBytes > old.maxFileBytes) {
      throw refused("under the new name more could be done with it than under the old one");
    }
    if (stats.isDirectory() && (index !== this.#index || !this.#index.isSameBelow(source, target))) {
      throw refused("other rules hold for what is below the new name");
    }
    this.#used({ kind: "move", from: source, to: target, isFolder: stats.isDirectory() });
  }

  /** The size that a file may be made to pass, in bytes. */
  maxFileBytes(folder: HeldFolder, name: string): number {
    return this.rightsOf(folder, name).maxFileBytes;
  }

  #needs(path: string, need: FileNeed, access = 0): void {
    this.#used({ kind: "file", surface: "preopen", path, access, need });
  }

  /** Why a name is denied for what it leads to, whose own path a rule denies. */
  #aliasProblem(path: string, access: number, seen: BigIntStats | undefined): string | undefined {
    const file = seen === undefined || this.#denied.size === 0 ? undefined : this.#denied.get(identityOf(seen));
    if (file === undefined || file.real === path || (file.access & access) === 0) return undefined;
    return `it is denied under another name by the rule ${file.written}`;
  }

  #isWhollyDenied(seen: BigIntStats | undefined): boolean {
    return seen !== undefined && this.#denied.get(identityOf(seen))?.access === EVERY_ACCESS;
  }

  /** Whether files are told apart by what they are, which takes a look at each. */
  get asksIdentity(): boolean {
    return this.#denied.size > 0;
  }
}

function pathOf(folder: HeldFolder, name: string | undefined): string {
  const where = withSlashes(folder.where());
  return name === undefined ? where : `${where === "/" ? "" : where}/${name}`;
}

function withSlashes(path: string): string {
  return process.platform === "win32" ? path.replaceAll("\\", "/") : path;
}

function refused(reason: string): FilesystemError {
  return FilesystemError.denied("not-permitted", reason);
}
