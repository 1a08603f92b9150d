import type { NetworkRule } from "../../policy/grants.ts";

/** From so many rules on they are looked up by what they name; fewer are as quickly gone through. */
const MIN_INDEXED = 16;

interface RulesByTarget {
  readonly names: ReadonlyMap<string, readonly NetworkRule[]>;
  readonly suffixes: ReadonlyMap<string, readonly NetworkRule[]>;
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
    found.push(...(index.names.get(name) ?? []));
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      found.push(...(index.suffixes.get(name.slice(dot + 1)) ?? []));
    }
  }
  for (const address of addresses) found.push(...(index.addresses.get(address) ?? []));
  return found.length === 0 ? index.others : [...found, ...index.others];
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
  return { names, suffixes, addresses, others };
}

function add(map: Map<string, NetworkRule[]>, key: string, rule: NetworkRule): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [rule]);
  else known.push(rule);
}
