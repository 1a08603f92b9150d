import type { StorageRule } from "./storage-rules.ts";
import type { PatternSegment } from "./storage-uri.ts";

/** Patterns of names with an asterisk whose parts have the same lengths. */
interface StarGroup {
  readonly prefix: number;
  readonly suffix: number;
  readonly nodes: Map<string, RuleNode>;
  /** The one that there is, which is compared without making a key of the name. */
  only: { readonly prefix: string; readonly suffix: string; readonly node: RuleNode } | undefined;
}

/** A place in the patterns of many rules, by the segments that lead to it. */
export class RuleNode {
  /** Whether it stays where it is at every further name: it stands for a `**`. */
  readonly loops: boolean;
  readonly #literals = new Map<string, RuleNode>();
  /** By the lengths of what is before and after the asterisk, so that a name is looked up once for each pair. */
  readonly #stars: StarGroup[] = [];
  #any: RuleNode | undefined;
  /** The rules whose patterns end here. */
  readonly rules: StorageRule[] = [];
  /** What those are about, and what rules further on are. */
  own = 0;
  further = 0;
  /** The number of the step that came here last. */
  #visit = 0;

  constructor(loops: boolean) {
    this.loops = loops;
  }

  /** Whether a rule leads on from here by a name that it tells something of. */
  get leadsOn(): boolean {
    return this.#hasNames || (this.#any !== undefined && this.#any.#hasNames);
  }

  get #hasNames(): boolean {
    return this.#literals.size > 0 || this.#stars.length > 0;
  }

  /** The names that rules tell apart here, and the beginnings and ends of names. */
  get next(): {
    readonly names: Iterable<string>;
    readonly stars: Iterable<readonly [prefix: string, suffix: string]>;
  } {
    const stars = this.#stars.flatMap(({ nodes }) =>
      Array.from(nodes.keys(), (key) => key.split("/") as unknown as readonly [string, string]),
    );
    return { names: this.#literals.keys(), stars };
  }

  /** Adds a rule, whose pattern goes on with these segments. */
  add(segments: readonly PatternSegment[], rule: StorageRule): void {
    const path: RuleNode[] = [this];
    for (const segment of segments) path.push((path.at(-1) ?? this).#child(segment));
    const last = path.pop() ?? this;
    last.rules.push(rule);
    last.own |= rule.access;
    if (last.loops) last.further |= rule.access;
    for (const node of path) node.further |= rule.access;
  }

  /** Adds the places that a further name leads to. */
  step(name: string, into: RuleNode[], visit: number): void {
    if (this.loops) this.enter(into, visit);
    if (this.#literals.size > 0) enter(this.#literals.get(name), into, visit);
    if (this.#stars.length === 0) return;
    for (const group of this.#stars) {
      const { prefix, suffix, nodes, only } = group;
      if (name.length < prefix + suffix) continue;
      if (only === undefined) {
        enter(nodes.get(starKey(name.slice(0, prefix), name.slice(name.length - suffix))), into, visit);
      } else if (name.startsWith(only.prefix) && name.endsWith(only.suffix)) only.node.enter(into, visit);
    }
  }

  /** Adds this place, and the one that `**` without any name leads to. */
  enter(into: RuleNode[], visit: number): void {
    if (this.#visit === visit) return;
    this.#visit = visit;
    into.push(this);
    enter(this.#any, into, visit);
  }

  #child(segment: PatternSegment): RuleNode {
    switch (segment.kind) {
      case "any":
        this.#any ??= new RuleNode(true);
        return this.#any;
      case "literal":
        return childOf(this.#literals, segment.text);
      case "star": {
        const { length: prefix } = segment.prefix;
        const { length: suffix } = segment.suffix;
        let group = this.#stars.find((one) => one.prefix === prefix && one.suffix === suffix);
        if (group === undefined) this.#stars.push((group = { prefix, suffix, nodes: new Map(), only: undefined }));
        const node = childOf(group.nodes, starKey(segment.prefix, segment.suffix));
        group.only = group.nodes.size === 1 ? { prefix: segment.prefix, suffix: segment.suffix, node } : undefined;
        return node;
      }
    }
  }
}

function enter(node: RuleNode | undefined, into: RuleNode[], visit: number): void {
  node?.enter(into, visit);
}

function childOf(nodes: Map<string, RuleNode>, key: string): RuleNode {
  let node = nodes.get(key);
  if (node === undefined) nodes.set(key, (node = new RuleNode(false)));
  return node;
}

/** A slash is in no name. */
function starKey(prefix: string, suffix: string): string {
  return `${prefix}/${suffix}`;
}
