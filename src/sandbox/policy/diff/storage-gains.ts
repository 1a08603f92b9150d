import { accessText, EVERY_ACCESS, STORAGE_ACCESSES, ACCESS, WRITE_ACCESS } from "../../../policy/storage/access.ts";
import { RuleNode } from "../../../policy/storage/rule-trie.ts";
import type { StorageRule } from "../../../policy/storage/storage-rules.ts";
import type { Gain } from "./gain.ts";

/** What a policy says of files: `fences` bound what `allow` allows. */
export interface StorageSayings {
  readonly allow: readonly StorageRule[];
  readonly deny: readonly StorageRule[];
  readonly fences: readonly (readonly StorageRule[])[];
}

/** How many names are tried in all before it is given up. */
const MAX_STEPS = 300_000;

/** What is gained, one path where it is, and by which rule. */
interface Found {
  readonly access: number;
  readonly path: string;
  readonly denied: boolean;
  readonly rule: string;
}

/** Sets of places that all rules of both policies lead to, by one path. */
interface State {
  readonly path: string;
  readonly sets: readonly (readonly RuleNode[])[];
}

/**
 * What may be done with files under `after` and not under `before`. Paths are walked name by name, with one name for all that no rule tells
 * apart: so every path there is, of any depth, is decided by one that stands for it.
 */
export function storageGains(before: StorageSayings, after: StorageSayings): readonly Gain[] {
  const comparison = new Comparison(before, after);
  return comparison.run();
}

class Comparison {
  readonly #sets: readonly RuleNode[];
  readonly #before: Policy;
  readonly #after: Policy;
  readonly #filler: string;
  readonly #numbers = new Map<RuleNode, number>();
  readonly #found = new Map<string, Found>();
  #visit = 0;

  constructor(before: StorageSayings, after: StorageSayings) {
    const sets: (readonly StorageRule[])[] = [];
    const policy = ({ allow, deny, fences }: StorageSayings): Policy => {
      const first = sets.length;
      sets.push(allow, deny, ...fences);
      return { allow: first, deny: first + 1, bounds: [first, ...fences.map((_, at) => first + 2 + at)] };
    };
    this.#before = policy(before);
    this.#after = policy(after);
    this.#filler = unused(sets.flat());
    this.#sets = sets.map((rules) => {
      const root = new RuleNode(false);
      for (const rule of rules) root.add(rule.pattern, rule);
      return root;
    });
  }

  run(): readonly Gain[] {
    const start: State = { path: "", sets: this.#sets.map((root) => this.#entered([root])) };
    const seen = new Set([this.#keyOf(start)]);
    const waiting = [start];
    let steps = 0;
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      this.#compare(state);
      for (const name of this.#namesAt(state)) {
        steps += 1;
        if (steps > MAX_STEPS)
          return [...this.#gains(), { text: "storage: the rules are too many to be compared", undecided: true }];
        const next = { path: `${state.path}/${name}`, sets: state.sets.map((nodes) => this.#stepped(nodes, name)) };
        const key = this.#keyOf(next);
        if (seen.has(key)) continue;
        seen.add(key);
        waiting.push(next);
      }
    }
    return this.#gains();
  }

  #entered(nodes: readonly RuleNode[]): readonly RuleNode[] {
    this.#visit += 1;
    const into: RuleNode[] = [];
    for (const node of nodes) node.enter(into, this.#visit);
    return into;
  }

  #stepped(nodes: readonly RuleNode[], name: string): readonly RuleNode[] {
    this.#visit += 1;
    const into: RuleNode[] = [];
    for (const node of nodes) node.step(name, into, this.#visit);
    return into;
  }

  #keyOf({ sets }: State): string {
    return sets
      .map((nodes) =>
        nodes
          .map((node) => {
            let number = this.#numbers.get(node);
            if (number === undefined) this.#numbers.set(node, (number = this.#numbers.size));
            return number;
          })
          .toSorted((one, other) => one - other)
          .join(","),
      )
      .join(";");
  }

  /** One name for each way in which the rules here can tell names apart. */
  #namesAt({ sets }: State): ReadonlySet<string> {
    const names = new Set<string>([this.#filler]);
    const [prefixes, suffixes] = [new Set([""]), new Set([""])];
    for (const node of sets.flat()) {
      for (const name of node.next.names) names.add(name);
      for (const [prefix, suffix] of node.next.stars) {
        prefixes.add(prefix);
        suffixes.add(suffix);
      }
    }
    for (const prefix of prefixes) {
      for (const suffix of suffixes) {
        // Long enough for both, and else each by which the two overlap.
        names.add(prefix + this.#filler + suffix);
        for (let both = 0; both <= Math.min(prefix.length, suffix.length); both += 1) {
          if (prefix.endsWith(suffix.slice(0, both))) names.add(prefix + suffix.slice(both));
        }
      }
    }
    for (const none of ["", ".", ".."]) names.delete(none);
    return names;
  }

  #compare({ path, sets }: State): void {
    const [before, after] = [rightsAt(this.#before, sets), rightsAt(this.#after, sets)];
    // A denial is one of what other documents allow, too.
    const gained = (after.rights & ~before.rights) | (before.denied & ~after.denied);
    const larger = after.maxFileBytes > before.maxFileBytes ? after.rights & before.rights & WRITE_ACCESS : 0;
    const byRule = new Map<string, Omit<Found, "path">>();
    for (const access of STORAGE_ACCESSES.map((one) => ACCESS[one] & gained)) {
      const cause = access === 0 ? undefined : this.#causeOf(sets, access);
      if (cause === undefined) continue;
      const key = `${String(cause.denied)} ${cause.rule}`;
      byRule.set(key, { ...cause, access: access | (byRule.get(key)?.access ?? 0) });
    }
    for (const [key, cause] of byRule) this.#add(`${key} ${cause.access}`, { ...cause, path });
    if (larger !== 0) {
      const rule = ruleFor(sets[this.#after.allow] ?? [], larger)?.written ?? "";
      this.#add(`larger ${rule}`, { access: larger, path, denied: false, rule: `larger files by ${rule}` });
    }
  }

  /** The denial that is gone, or else the permission that has come. */
  #causeOf(sets: State["sets"], access: number): Omit<Found, "path"> | undefined {
    const denial = ruleFor(sets[this.#before.deny] ?? [], access);
    const rule = denial ?? ruleFor(sets[this.#after.allow] ?? [], access);
    return rule === undefined ? undefined : { access, denied: denial !== undefined, rule: rule.written };
  }

  #add(key: string, found: Found): void {
    if (!this.#found.has(key)) this.#found.set(key, found);
  }

  #gains(): readonly Gain[] {
    return Array.from(this.#found.values(), ({ access, path, denied, rule }) => {
      const example = path === "" ? "/" : path.replaceAll(this.#filler, "…");
      return { text: `storage: ${accessText(access)} ${rule} (such as ${example})`, denied };
    });
  }
}

/** Where the sets of one policy are among all. */
interface Policy {
  readonly allow: number;
  readonly deny: number;
  readonly bounds: readonly number[];
}

function rightsAt(
  { deny, bounds }: Policy,
  sets: State["sets"],
): { readonly rights: number; readonly denied: number; readonly maxFileBytes: number } {
  let rights = EVERY_ACCESS;
  let maxFileBytes = Number.MAX_SAFE_INTEGER;
  for (const bound of bounds) {
    const rules = (sets[bound] ?? []).flatMap((node) => node.rules);
    rights &= rules.reduce((all, { access }) => all | access, 0);
    const sizes = rules.map((rule) =>
      (rule.access & WRITE_ACCESS) === 0 ? 0 : (rule.maxFileBytes ?? Number.MAX_SAFE_INTEGER),
    );
    maxFileBytes = Math.min(maxFileBytes, Math.max(0, ...sizes));
  }
  const denied = (sets[deny] ?? []).reduce((all, node) => all | node.own, 0);
  return { rights: rights & ~denied, denied, maxFileBytes };
}

function ruleFor(nodes: readonly RuleNode[], access: number): StorageRule | undefined {
  return nodes.flatMap((node) => node.rules).find((rule) => (rule.access & access) !== 0);
}

/** A character that no rule has. */
function unused(rules: readonly StorageRule[]): string {
  const text = rules
    .flatMap(({ pattern }) =>
      pattern.map((one) => (one.kind === "literal" ? one.text : one.kind === "star" ? one.prefix + one.suffix : "")),
    )
    .join("");
  for (let code = 0xe000; ; code += 1) {
    const filler = String.fromCodePoint(code);
    if (!text.includes(filler)) return filler;
  }
}
