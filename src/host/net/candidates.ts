import type { NetworkRule } from "../../policy/grants.ts";

/** From so many rules on they are looked up by what they name; fewer are as quickly gone through. */
const MIN_INDEXED = 16;

interface RulesByTarget {
  readonly names: ReadonlyMap<string, readonly NetworkRule[]>;
  readonly suffixes: ReadonlyMap<string, readonly NetworkRule[]>;
  readonly suffixLengths: ReadonlySet<number>;
  /** Those of a single address. */
  readonly addresses: ReadonlyMap<string, readonly NetworkRule[]>;
  /** Those that only going through them tells about: blocks and words. */
  readonly others: readonly NetworkRule[];
}

const indexes = new WeakMap<readonly NetworkRule[], RulesByTarget>();

/**
 * The rules that may be about a host or an address, without going through those that name another one.
 *
 * @param names In the form that rules have them.
 * @param addresses In canonical form, with every address that one of them stands for.
 */
export function candidates(
  rules: readonly NetworkRule[],
  names: readonly string[],
  addresses: readonly string[],
): readonly NetworkRule[] {
  if (rules.length < MIN_INDEXED) return rules;
  const index = indexOf(rules);
  const found: NetworkRule[] = [];
  for (const name of names) {
    if (index.names.size > 0) addAll(found, index.names.get(name));
    if (index.suffixes.size === 0) continue;
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      // To look a text up is dear, and its length tells most that are none.
      if (index.suffixLengths.has(name.length - dot - 1)) addAll(found, index.suffixes.get(name.slice(dot + 1)));
    }
  }
  if (index.addresses.size > 0) for (const address of addresses) addAll(found, index.addresses.get(address));
  if (found.length === 0) return index.others;
  addAll(found, index.others);
  return found;
}

function addAll(found: NetworkRule[], rules: readonly NetworkRule[] | undefined): void {
  if (rules !== undefined) for (const rule of rules) found.push(rule);
}

function indexOf(rules: readonly NetworkRule[]): RulesByTarget {
  let index = indexes.get(rules);
  if (index === undefined) indexes.set(rules, (index = indexed(rules)));
  return index;
}

function indexed(rules: readonly NetworkRule[]): RulesByTarget {
  const names = new Map<string, NetworkRule[]>();
  const suffixes = new Map<string, NetworkRule[]>();
  const addresses = new Map<string, NetworkRule[]>();
  const others: NetworkRule[] = [];
  for (const rule of rules) {
    const { target } = rule;
    if (target.kind === "name") add(names, target.name, rule);
    else if (target.kind === "suffix") add(suffixes, target.suffix, rule);
    else if (target.kind === "block" && target.prefix === (target.address.includes(":") ? 128 : 32)) {
      add(addresses, target.address, rule);
    } else others.push(rule);
  }
  const suffixLengths = new Set(Array.from(suffixes.keys(), ({ length }) => length));
  return { names, suffixes, suffixLengths, addresses, others };
}

function add(map: Map<string, NetworkRule[]>, key: string, rule: NetworkRule): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [rule]);
  else known.push(rule);
}
