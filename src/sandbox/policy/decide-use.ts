import { checkCommand } from "../../host/process/check.ts";
import { checkBind, checkCreate } from "../../host/sockets/check.ts";
import { endpointOf } from "../../host/sockets/socket-address.ts";
import { ruleProblem } from "../../host/filesystem/paths/storage-scope.ts";
import { checkAddress, checkLookup, checkSocketAddress, checkTarget } from "../../host/net/check.ts";
import { parseGuestHost } from "../../host/net/host.ts";
import { allowsResolved } from "../../host/net/rule-match.ts";
import type { Decision } from "../../policy/decision.ts";
import type { Grants, PathGrant, Preopen } from "../../policy/grants.ts";
import { hasName } from "../../policy/parsing/parse-environment.ts";
import { isWithin } from "../../policy/real-path.ts";
import { ACCESS, accessText, CONTENT_ACCESS, EVERY_ACCESS, WRITE_ACCESS } from "../../policy/storage/access.ts";
import { type PathRights, ruleIndex, type RuleIndex } from "../../policy/storage/rule-index.ts";
import type { Use } from "../../shared/use.ts";

type Files = Pick<Grants, "filesystemRead" | "filesystemWrite" | "preopens">;
type FileUse = Extract<Use, { readonly kind: "file" }>;

/**
 * Why grants do not allow what was used, one line; `undefined` where they do. The same checks decide as when a guest runs. What is given
 * in place of less is no denial.
 */
export function refusalOf(use: Use, grants: Grants): string | undefined {
  switch (use.kind) {
    case "file":
      return fileRefusal(use, grants);
    case "replace":
      return rulesAt(grants, use.path).some(({ index }) => index.of(use.path).leadsOn)
        ? "a rule leads through it, so that it stays what it is"
        : undefined;
    case "move":
      return moveRefusal(use, grants);
    case "http": {
      const { scheme, host, port, address } = use;
      const decision =
        address === undefined
          ? checkTarget(grants.network, { scheme, host, port })
          : checkAddress(grants.network, { scheme, host, port, address });
      return reasonOf(decision);
    }
    case "socket":
      return reasonOf(checkSocketAddress(grants.network, use));
    case "make-socket":
      return reasonOf(checkCreate(grants, use.scheme));
    case "bind": {
      const { decision, listen } = checkBind(grants, use.scheme, endpointOf(use.address, use.port));
      return reasonOf(use.listens ? listen : decision);
    }
    case "lookup":
      return lookupRefusal(use, grants);
    case "variable":
      return variableRefusal(use.name, grants);
    case "process":
      return reasonOf(checkCommand(grants.process, use.command));
    case "custom":
      return Object.hasOwn(grants.custom, use.capability) ? undefined : "the custom capability is not granted";
    case "given":
      return undefined;
    default:
      return "what was used is of no known kind";
  }
}

function reasonOf(
  decision: Decision | { readonly allowed: true } | { readonly allowed: false; readonly reason: string },
): string | undefined {
  return decision.allowed ? undefined : decision.reason;
}

interface Ruled {
  readonly index: RuleIndex;
}

/** The rules of the opened folders that a path is in. */
function rulesAt({ preopens }: Files, path: string): readonly Ruled[] {
  return preopens.flatMap(({ root, rules }) =>
    rules === undefined || !isWithin(path, root) ? [] : [{ index: ruleIndex(rules) }],
  );
}

function fileRefusal(use: FileUse, grants: Files): string | undefined {
  const { path, surface, access } = use;
  const writes = (access & WRITE_ACCESS) !== 0;
  const candidates: readonly (PathGrant | Preopen)[] =
    surface === "preopen" ? grants.preopens : writes ? grants.filesystemWrite : grants.filesystemRead;
  const covering = candidates.filter(
    ({ root, except }) => isWithin(path, root) && !(writes && except.some((one) => isWithin(path, one))),
  );
  if (covering.length === 0) return denialAt(candidates, use) ?? "the path is outside what is granted";
  let why: string | undefined;
  for (const one of covering) {
    if ("write" in one && writes && !mayChange(one, access)) {
      why ??= `the folder is not opened for ${accessText(access & WRITE_ACCESS)}`;
      continue;
    }
    if (one.rules === undefined) return undefined;
    const index = ruleIndex(one.rules);
    if (isMet(use, index.of(path))) return undefined;
    why ??= ruleProblem(index, path, access === 0 ? ACCESS.read : access) ?? "no rule leads there";
  }
  return why;
}

/** The rule that denies a path which nothing grants. */
function denialAt(candidates: readonly Pick<PathGrant, "rules">[], { path, access }: FileUse): string | undefined {
  for (const { rules } of candidates) {
    const index = rules === undefined ? undefined : ruleIndex(rules);
    const asked = access === 0 ? EVERY_ACCESS : access;
    if (index?.denialOf(path, asked) !== undefined) return ruleProblem(index, path, asked);
  }
  return undefined;
}

function mayChange({ write, create, delete: remove }: Preopen, access: number): boolean {
  return write && ((access & ACCESS.create) === 0 || create) && ((access & ACCESS.delete) === 0 || remove);
}

function isMet({ need, access }: FileUse, { rights, below, denied }: PathRights): boolean {
  switch (need) {
    case "all":
      return (rights & access) === access;
    case "reach":
      return (rights | below) !== 0;
    case "name":
      return rights !== 0;
    case "list":
      return ((rights | below) & ACCESS.read) !== 0;
    case "follow":
      return rights !== 0 || denied === 0;
    default:
      return false;
  }
}

function moveRefusal({ from, to }: Extract<Use, { readonly kind: "move" }>, grants: Files): string | undefined {
  const [source] = rulesAt(grants, from);
  const [target] = rulesAt(grants, to);
  const all = { rights: EVERY_ACCESS, denied: 0, maxFileBytes: Number.MAX_SAFE_INTEGER };
  const old = source?.index.of(from) ?? all;
  const made = target?.index.of(to) ?? all;
  if (old.denied !== 0) return source === undefined ? "a rule denies it" : ruleProblem(source.index, from, old.denied);
  if ((made.rights & CONTENT_ACCESS & ~old.rights) !== 0 || made.maxFileBytes > old.maxFileBytes) {
    return "under the new name more could be done with it than under the old one";
  }
  return undefined;
}

function lookupRefusal(
  { name, address }: Extract<Use, { readonly kind: "lookup" }>,
  { lookup }: Grants,
): string | undefined {
  const decision = checkLookup(lookup, name);
  const host = parseGuestHost(name);
  if (!decision.allowed || address === undefined || host === undefined) return reasonOf(decision);
  return lookup.some(({ target }) => allowsResolved(target, host, address))
    ? undefined
    : "the name leads to no public address; only a rule for any name covers others";
}

function variableRefusal(name: string, { environment, variableReasons }: Grants): string | undefined {
  if (environment.some(([known]) => known === name)) return undefined;
  const [, why] = variableReasons?.find(([denied]) => hasName([denied], name)) ?? [];
  return why === undefined ? "the variable is not granted" : `the variable is denied: ${why}`;
}
