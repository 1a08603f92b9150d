import { EVERY_ACCESS, WRITE_ACCESS } from "./access.ts";
import { RuleNode } from "./rule-trie.ts";
import type { StorageRule, StorageRules } from "./storage-rules.ts";

/** What the rules say of one real path. Rights are bits of `ACCESS`. */
export interface PathRights {
  /** What may be done with what has this path. */
  readonly rights: number;
  /** What may be done with anything below it, at most. */
  readonly below: number;
  /** What a denial covers of it, whether or not anything allows it. */
  readonly denied: number;
  /** Whether a rule leads through it to names below. */
  readonly leadsOn: boolean;
  /** The size that it may be made to pass, in bytes. */
  readonly maxFileBytes: number;
}

/** Where each set of rules stands in one folder. */
interface FolderPlaces {
  readonly deny: readonly RuleNode[];
  readonly bounds: readonly (readonly RuleNode[])[];
}

/** What folders that are kept may take together, in characters of their paths, and what each takes besides. */
const [MAX_FOLDERS_COST, FOLDER_COST] = [1024 * 1024, 64];

/** Decisions by the rules, each in time that is linear in the length of the path, and the same for few rules and many. */
export class RuleIndex {
  readonly #allow: RuleSet | undefined;
  readonly #deny: RuleSet;
  readonly #fences: readonly RuleSet[];
  /** All of which have to allow what is allowed. */
  readonly #bounds: readonly RuleSet[];
  readonly #folders = new Map<string, FolderPlaces>();
  #kept = 0;
  #last: { readonly path: string; readonly rights: PathRights } | undefined;

  constructor({ allow, deny, fences }: Pick<StorageRules, "allow" | "deny" | "fences">) {
    this.#allow = allow === undefined ? undefined : new RuleSet(allow);
    this.#deny = new RuleSet(deny);
    this.#fences = fences.map((rules) => new RuleSet(rules));
    this.#bounds = this.#allow === undefined ? this.#fences : [this.#allow, ...this.#fences];
  }

  /** What may be done with a path: absolute, normalised, with slashes, links resolved. */
  of(path: string): PathRights {
    if (this.#last?.path === path) return this.#last.rights;
    const slash = path.lastIndexOf("/");
    const rights = this.#decide(this.#within(slash < 0 ? "" : path.slice(0, slash)), path.slice(slash + 1));
    this.#last = { path, rights };
    return rights;
  }

  /** Where the rules stand in a folder, which is kept: names are mostly of folders that were asked for before. */
  #within(folder: string): FolderPlaces {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const names = namesOf(folder);
    const places = { deny: this.#deny.placesAt(names), bounds: this.#bounds.map((set) => set.placesAt(names)) };
    // What a path costs, with its names and places, whoever chose it.
    this.#kept += folder.length + FOLDER_COST;
    if (this.#kept > MAX_FOLDERS_COST) {
      this.#folders.clear();
      this.#kept = folder.length + FOLDER_COST;
    }
    this.#folders.set(folder, places);
    return places;
  }

  #decide(folder: FolderPlaces, name: string): PathRights {
    const deny = this.#deny.from(folder.deny, name);
    let rights = EVERY_ACCESS;
    let below = EVERY_ACCESS;
    let maxFileBytes = Number.MAX_SAFE_INTEGER;
    let leadsOn = deny.leadsOn;
    for (let at = 0; at < this.#bounds.length; at += 1) {
      const set = this.#bounds[at];
      if (set === undefined) continue;
      const allow = set.from(folder.bounds[at] ?? [], name);
      rights &= allow.own;
      below &= allow.further;
      maxFileBytes = Math.min(maxFileBytes, allow.maxFileBytes);
      leadsOn ||= allow.leadsOn;
    }
    return { rights: rights & ~deny.own, below: below & ~deny.whole, denied: deny.own, leadsOn, maxFileBytes };
  }

  /** The rule that denies an access, if one does. */
  denialOf(path: string, access: number): StorageRule | undefined {
    return this.#deny.ruleFor(namesOf(path), access);
  }

  /** A rule that allows one of these accesses, denials left aside. */
  permissionOf(path: string, access: number): StorageRule | undefined {
    return this.#allow?.ruleFor(namesOf(path), access);
  }

  /** Whether the fences let it be allowed. */
  isFenced(path: string, access: number): boolean {
    const names = namesOf(path);
    return this.#fences.some((set) => (set.at(names).own & access) !== access);
  }

  /** Whether the same rules hold for what is below either path, so that a folder can go from one to the other. */
  isSameBelow(one: string, other: string): boolean {
    return [this.#deny, ...this.#bounds].every((set) => set.isSameBelow(namesOf(one), namesOf(other)));
  }
}

/** Where rules stand at a path. */
interface Standing {
  /** What the rules that cover the path are about. */
  readonly own: number;
  /** What rules that may cover something below are about. */
  readonly further: number;
  /** What rules that cover it and all below are about. */
  readonly whole: number;
  readonly leadsOn: boolean;
  readonly maxFileBytes: number;
}

const NOWHERE: Standing = { own: 0, further: 0, whole: 0, leadsOn: false, maxFileBytes: Number.MAX_SAFE_INTEGER };
const NOWHERE_BOUNDED: Standing = { ...NOWHERE, maxFileBytes: 0 };

class RuleSet {
  readonly #root = new RuleNode(false);
  readonly #active: RuleNode[] = [];
  readonly #reached: RuleNode[] = [];
  #visit = 0;
  #bounded = false;

  constructor(rules: readonly StorageRule[]) {
    for (const rule of rules) {
      this.#root.add(rule.pattern, rule);
      this.#bounded ||= rule.maxFileBytes !== undefined;
    }
  }

  at(names: readonly string[]): Standing {
    return this.#standing(this.#walk(names));
  }

  /** The places that a path leads to, for good. */
  placesAt(names: readonly string[]): readonly RuleNode[] {
    return [...this.#walk(names)];
  }

  /** Where the rules stand at a name in a folder whose places are known. */
  from(places: readonly RuleNode[], name: string): Standing {
    if (name === "") return this.#standing(places);
    if (places.length === 0) return this.#standing(places);
    const reached = this.#reached;
    reached.length = 0;
    this.#visit += 1;
    for (const node of places) node.step(name, reached, this.#visit);
    return this.#standing(reached);
  }

  #standing(nodes: readonly RuleNode[]): Standing {
    if (nodes.length === 0) return this.#bounded ? NOWHERE_BOUNDED : NOWHERE;
    let own = 0;
    let further = 0;
    let whole = 0;
    let leadsOn = false;
    let maxFileBytes = this.#bounded ? 0 : Number.MAX_SAFE_INTEGER;
    for (const node of nodes) {
      own |= node.own;
      further |= node.further;
      if (node.loops) whole |= node.own;
      leadsOn ||= !node.loops && node.leadsOn;
      if (this.#bounded) for (const rule of node.rules) maxFileBytes = Math.max(maxFileBytes, boundOf(rule));
    }
    return { own, further, whole, leadsOn, maxFileBytes };
  }

  ruleFor(names: readonly string[], access: number): StorageRule | undefined {
    for (const node of this.#walk(names)) {
      const rule = node.rules.find((one) => (one.access & access) !== 0);
      if (rule !== undefined) return rule;
    }
    return undefined;
  }

  isSameBelow(one: readonly string[], other: readonly string[]): boolean {
    const leading = (names: readonly string[]): ReadonlySet<RuleNode> =>
      new Set(this.#walk(names).filter((node) => node.loops || node.leadsOn));
    const [first, second] = [leading(one), leading(other)];
    return first.size === second.size && first.isSubsetOf(second);
  }

  /** The places that a path leads to; they hold until the next walk. */
  #walk(names: readonly string[]): readonly RuleNode[] {
    let [active, reached] = [this.#active, this.#reached];
    active.length = 0;
    this.#visit += 1;
    this.#root.enter(active, this.#visit);
    for (const name of names) {
      if (name === "") continue;
      if (active.length === 0) break;
      this.#visit += 1;
      reached.length = 0;
      for (const node of active) node.step(name, reached, this.#visit);
      [active, reached] = [reached, active];
    }
    return active;
  }
}

function boundOf({ access, maxFileBytes }: StorageRule): number {
  return (access & WRITE_ACCESS) === 0 ? 0 : (maxFileBytes ?? Number.MAX_SAFE_INTEGER);
}

function namesOf(path: string): readonly string[] {
  return path.split("/");
}

/** How many sets of rules a thread keeps made ready. */
const MAX_KEPT = 16;
const kept = new Map<string, RuleIndex>();

/** The decisions by these rules, made ready once for each content of them. */
export function ruleIndex(rules: StorageRules): RuleIndex {
  const known = kept.get(rules.id);
  if (known !== undefined) return known;
  const made = new RuleIndex(rules);
  const [oldest] = kept.keys();
  if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  kept.set(rules.id, made);
  return made;
}
