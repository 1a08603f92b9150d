import type { PermissionsShape } from "../../../policy/documents/policy-shape.ts";
import type { Grants } from "../../../policy/grants.ts";
import type { Use } from "../../../shared/use.ts";
import { refusalOf } from "../decide-use.ts";

/** Where rules stand in a list, one of which may be taken out. */
interface RuleList {
  readonly kinds: ReadonlySet<Use["kind"]>;
  readonly read: (permissions: PermissionsShape) => readonly unknown[];
  readonly write: (permissions: PermissionsShape, rules: readonly unknown[]) => PermissionsShape;
}

const OF_NETWORK: ReadonlySet<Use["kind"]> = new Set(["http", "socket", "make-socket", "bind", "lookup"]);

const LISTS: readonly RuleList[] = [
  {
    kinds: new Set(["file", "replace", "move"]),
    read: ({ storage }) => storage?.allow ?? [],
    write: (all, rules) => ({ ...all, storage: { allow: rules as never } }),
  },
  {
    kinds: OF_NETWORK,
    read: ({ lookup }) => (Array.isArray(lookup) ? (lookup as readonly unknown[]) : lookup === "any" ? ["any"] : []),
    write: (all, rules) => ({ ...all, lookup: rules as never }),
  },
  {
    kinds: OF_NETWORK,
    read: ({ listen }) => listen ?? [],
    write: (all, rules) => ({ ...all, listen: rules as never }),
  },
  {
    kinds: OF_NETWORK,
    read: ({ network }) => network?.allow ?? [],
    write: (all, rules) => ({ ...all, network: { allow: rules as never } }),
  },
];

/** How many decisions are made at most to find rules that are not needed. */
const MAX_DECISIONS = 3_000_000;

/** Takes out each rule without which all that was used is still allowed, and says what is not allowed at all. */
export function withoutNeedless(
  permissions: PermissionsShape,
  uses: readonly Use[],
  granted: (permissions: PermissionsShape) => Grants,
): { readonly permissions: PermissionsShape; readonly uncovered: readonly string[] } {
  const whole = granted(permissions);
  const refused = new Map(uses.map((use) => [use, refusalOf(use, whole)]));
  let left = permissions;
  for (const list of LISTS) {
    const own = uses.filter((use) => list.kinds.has(use.kind) && refused.get(use) === undefined);
    let rules = list.read(left);
    if (rules.length * own.length > MAX_DECISIONS) continue;
    for (const rule of rules) {
      const without = rules.filter((one) => one !== rule);
      const grants = granted(list.write(left, without));
      if (own.some((use) => refusalOf(use, grants) !== undefined)) continue;
      rules = without;
      left = list.write(left, without);
    }
  }
  const uncovered = [...new Set([...refused.values()].filter((reason) => reason !== undefined))];
  return { permissions: withoutEmpty(left), uncovered };
}

function withoutEmpty(permissions: PermissionsShape): PermissionsShape {
  const { storage, network, listen, lookup, ...others } = permissions;
  return {
    ...(storage?.allow?.length ? { storage } : {}),
    ...(network?.allow?.length ? { network } : {}),
    ...others,
    ...(listen?.length ? { listen } : {}),
    ...(lookup?.length ? { lookup } : {}),
  };
}
