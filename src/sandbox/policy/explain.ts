import { readlinkSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { identityOf } from "../../host/filesystem/folders/held-folder.ts";
import { deniedFiles } from "../../host/filesystem/paths/storage-scope.ts";
import { checkAddress, checkSocketAddress, checkTarget } from "../../host/net/check.ts";
import { DEFAULT_PORTS } from "../../host/net/rule-match.ts";
import type { EffectivePolicy } from "../../policy/documents/effective.ts";
import type { RuleOrigin } from "../../policy/documents/policy-document.ts";
import type { Grants, NetworkScheme } from "../../policy/grants.ts";
import { variableReasons } from "../../policy/parsing/parse-environment.ts";
import { isWithin, kernelProblem, realPath, realPathOfWhatExists } from "../../policy/real-path.ts";
import { accessOf, ACCESS_WORDS, WRITE_ACCESS } from "../../policy/storage/access.ts";
import { type RuleIndex, ruleIndex } from "../../policy/storage/rule-index.ts";
import type { StorageRules } from "../../policy/storage/storage-rules.ts";
import { parseStorageUri } from "../../policy/storage/storage-uri.ts";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { fencedVariables } from "./with-policy.ts";

/** One access to explain. */
export type PolicyRequest =
  | { readonly kind: "storage"; readonly access: string; readonly uri: string }
  | { readonly kind: "network"; readonly url: string }
  | { readonly kind: "environment"; readonly key: string };

/** What becomes of it, and by which rule. */
export interface Explanation {
  readonly allowed: boolean;
  /** One line. */
  readonly reason: string;
  /** The rule that decided; `undefined` where none is about it. */
  readonly rule: RuleOrigin | undefined;
}

/**
 * What a policy says of an access.
 *
 * @param grants What the policy grants, within its fences.
 * @param folder Where a relative URI starts.
 * @throws CordonError `usage` for a request that cannot be read.
 */
export function explain(
  request: PolicyRequest,
  grants: Grants,
  policy: Pick<EffectivePolicy, "rules" | "grants" | "fences">,
  folder: string,
): Explanation {
  switch (request.kind) {
    case "storage":
      return explainStorage(request, grants, policy, folder);
    case "network":
      return explainNetwork(request.url, grants, policy);
    case "environment":
      return explainVariable(request.key, policy);
  }
}

function explainStorage(
  { access: word, uri }: Extract<PolicyRequest, { readonly kind: "storage" }>,
  { filesystemRead, filesystemWrite, preopens }: Grants,
  { rules: origins }: Pick<EffectivePolicy, "rules">,
  folder: string,
): Explanation {
  const access = accessOf(word);
  const parsed = parseStorageUri(uri);
  if (access === undefined) throw unreadable(word, `it is no access; there are ${ACCESS_WORDS.join(", ")}`);
  if (!parsed.ok) throw unreadable(uri, parsed.problem);
  const { absolute, base, rest } = parsed.uri;
  if (rest.length > 0) throw unreadable(uri, "it has a wildcard; name one file");
  const named = `${absolute ? "" : folder.replace(/\/$/u, "")}/${base.join("/")}`;
  const real = realPathOfWhatExists(named);
  const links = linksOn(named);
  const shown = real === named ? quoteText(real) : `${quoteText(real)}, which ${quoteText(named)} leads to,`;
  for (const grant of [...filesystemRead, ...filesystemWrite, ...preopens]) {
    if (grant.rules === undefined) continue;
    const index = ruleIndex(grant.rules);
    const find = (written: string | undefined, use: RuleOrigin["use"]): RuleOrigin | undefined =>
      origins.find((one) => one.kind === "storage" && one.use === use && one.written[0] === written);
    const denial = index.denialOf(real, access);
    if (denial !== undefined) {
      const why = denial.reason === undefined ? "" : `: ${denial.reason}`;
      return { allowed: false, reason: `${shown} is denied${why}`, rule: find(denial.written, "deny") };
    }
    const rights = index.of(real);
    if ((rights.rights & access) !== access) {
      if (index.isFenced(real, access)) {
        return { allowed: false, reason: `${shown} lies outside a fence`, rule: undefined };
      }
      continue;
    }
    if (!isWithin(real, grant.root)) continue;
    const denied = linkProblem(index, links) ?? otherProblem(grant.rules, real, access);
    if (denied !== undefined)
      return { allowed: false, reason: `${shown} is denied: ${denied.why}`, rule: find(denied.written, "deny") };
    const rule = find(index.permissionOf(real, access)?.written, "allow");
    return { allowed: true, reason: `${shown} is allowed`, rule };
  }
  return { allowed: false, reason: `no rule allows to ${word} ${shown}`, rule: undefined };
}

interface Refusal {
  readonly why: string;
  /** The rule that refuses. */
  readonly written?: string | undefined;
}

/** Why a link on the way is not followed. */
function linkProblem(index: RuleIndex, links: readonly string[]): Refusal | undefined {
  const link = links.map((path) => ({ path, ...index.of(path) })).find((one) => one.rights === 0 && one.denied !== 0);
  if (link === undefined) return undefined;
  const { written } = index.denialOf(link.path, link.denied) ?? {};
  return { why: `the link ${quoteText(link.path)} is denied by its name`, written };
}

/** Why what is there now is refused, whatever its path. */
function otherProblem(rules: StorageRules, real: string, access: number): Refusal | undefined {
  if (typeof realPath(real) !== "string") return undefined;
  const seen = statSync(real, { bigint: true });
  const file = deniedFiles(rules).get(identityOf(seen));
  if (file !== undefined && file.real !== real && (file.access & access) !== 0) {
    return { why: "it is a file that is denied under another name", written: file.written };
  }
  const why = kernelProblem(real, (access & WRITE_ACCESS) !== 0);
  return why === undefined ? undefined : { why };
}

/** The links that a path leads through, each by its real path. */
function linksOn(named: string): readonly string[] {
  const pending = named.split("/").toReversed();
  const links: string[] = [];
  let current = "/";
  for (let name = pending.pop(); name !== undefined && links.length < MAX_LINKS; name = pending.pop()) {
    const next = join(current, name);
    const target = linkAt(next);
    if (target === undefined) {
      current = next;
      continue;
    }
    links.push(next);
    if (target.startsWith("/")) current = "/";
    pending.push(...target.split("/").toReversed());
  }
  return links;
}

/** As many as are followed. */
const MAX_LINKS = 40;

/** What a link says; \`undefined\` for what is none, or is not to be seen by this process. */
function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Addresses that stand for what a public name leads to. */
const SAMPLES = ["93.184.215.14", "2606:4700::1111"];

function explainNetwork(url: string, { network }: Grants, { rules }: Pick<EffectivePolicy, "rules">): Explanation {
  const [, scheme, host = "", portText] =
    /^(https?|tcp|udp):\/\/(\[[^\]]*\]|[^/:?#\\@\s]+)(?::(\d{1,5}))?\/?$/u.exec(url) ?? [];
  if (scheme === undefined) throw unreadable(url, "write SCHEME://HOST:PORT, with http, https, tcp or udp");
  const port = portText === undefined ? DEFAULT_PORTS[scheme as NetworkScheme] : Number(portText);
  if (port === undefined || port > 65_535) throw unreadable(url, "it has no port, or none that there is");
  const bare = host.replace(/^\[(.*)\]$/u, "$1");
  const addresses = isIP(bare) === 0 ? SAMPLES : [bare];
  const decisions =
    scheme === "http" || scheme === "https"
      ? addresses.map((address) => {
          const target = checkTarget(network, { scheme, host, port });
          return target.allowed && isIP(bare) === 0 && bare !== "localhost"
            ? checkAddress(network, { scheme, host, port, address })
            : target;
        })
      : addresses.map((address) => {
          const names = isIP(bare) === 0 ? [bare.toLowerCase()] : [];
          return checkSocketAddress(network, { scheme: scheme === "udp" ? "udp" : "tcp", address, port, names });
        });
  const decision = decisions.find(({ allowed }) => allowed) ?? decisions[0];
  const find = (text: string | undefined): RuleOrigin | undefined =>
    rules.find((one) => one.kind === "network" && text !== undefined && one.written.includes(text));
  if (decision === undefined) throw new Error("a host has an address");
  if (decision.allowed) return { allowed: true, reason: `${url} is allowed`, rule: find(decision.rule) };
  return { allowed: false, reason: decision.reason, rule: find(decision.rule) };
}

function explainVariable(
  key: string,
  { rules, grants, fences }: Pick<EffectivePolicy, "rules" | "grants" | "fences">,
): Explanation {
  const find = (use: RuleOrigin["use"]): RuleOrigin | undefined =>
    rules.find((one) => one.kind === "environment" && one.use === use && one.written[0] === key);
  const denial = find("deny");
  const { environment } = grants;
  if (denial !== undefined) {
    const [, why] = variableReasons(environment).find(([name]) => name === key) ?? [];
    const reason = `the variable ${quoteText(key)} is denied${why === undefined ? "" : `: ${why}`}`;
    return { allowed: false, reason, rule: denial };
  }
  const allowed = find("allow");
  const isNamed = typeof environment === "object" && allowed !== undefined;
  if (isNamed && !fences.every((fence) => fencedVariables(fence.grants).includes(key))) {
    return { allowed: false, reason: `the variable ${quoteText(key)} lies outside a fence`, rule: undefined };
  }
  if (isNamed) {
    return { allowed: true, reason: `the variable ${quoteText(key)} is passed where the host has it`, rule: allowed };
  }
  return { allowed: false, reason: `no rule allows the variable ${quoteText(key)}`, rule: undefined };
}

function unreadable(text: string, why: string): CordonError {
  return new CordonError("usage", `Cannot read ${quoteText(text, 200)}: ${why}`);
}
