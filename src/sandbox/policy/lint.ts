import type { Fault } from "../../policy/documents/fault.ts";
import type { PolicyDocument, RuleOrigin } from "../../policy/documents/policy-document.ts";
import type { NetworkRule, NetworkTarget, PortRange } from "../../policy/grants.ts";
import { parseNetworkRule } from "../../policy/network-rule.ts";
import { accessOf, EVERY_ACCESS } from "../../policy/storage/access.ts";
import { RuleIndex } from "../../policy/storage/rule-index.ts";
import type { StorageRule } from "../../policy/storage/storage-rules.ts";
import { parseStorageUri } from "../../policy/storage/storage-uri.ts";
import { coversName } from "../../host/net/rule-match.ts";
import { isInBlock } from "../../host/net/addresses.ts";

/** What is odd about a document that has no fault: rules that never apply, and rules that are wider than they look. */
export function lintDocument(document: PolicyDocument): readonly Fault[] {
  const found: Fault[] = [];
  const note = ({ file, line, column }: RuleOrigin, message: string): void =>
    void found.push({ file, line, column, message });
  lintStorage(document, note);
  lintNetwork(document, note);
  const allowed = document.rules.filter(({ kind, use }) => kind === "environment" && use === "allow");
  for (const rule of document.rules.filter(({ kind, use }) => kind === "environment" && use === "deny")) {
    for (const hit of allowed.filter(({ written }) => written[0] === rule.written[0])) note(hit, never(hit, rule));
  }
  return found;
}

type Note = (rule: RuleOrigin, message: string) => void;

function never(rule: RuleOrigin, denial: RuleOrigin): string {
  return `${rule.place} can never apply: ${denial.place} denies all of it`;
}

function lintStorage({ rules, grants }: PolicyDocument, note: Note): void {
  const inputs = grants.filesystem ?? {};
  const of = (use: "allow" | "deny"): readonly { readonly origin: RuleOrigin; readonly rule: StorageRule }[] =>
    rules
      .filter((rule) => rule.kind === "storage" && rule.use === use)
      .flatMap((origin, index) => {
        const input = inputs[use]?.[index];
        const parsed = parseStorageUri(origin.written[0] ?? "");
        if (!parsed.ok || typeof input !== "object") return [];
        const { base, rest, absolute } = parsed.uri;
        const names = absolute ? base : [".", ...base];
        const literals = names.map((text) => ({ kind: "literal", text }) as const);
        const words = input.access ?? [];
        const access = words.length === 0 ? EVERY_ACCESS : words.reduce((all, word) => all | (accessOf(word) ?? 0), 0);
        const pattern = [...literals, ...(rest.length === 0 ? [{ kind: "any" } as const] : rest)];
        return [
          { origin, rule: { pattern, access, maxFileBytes: undefined, reason: undefined, written: origin.place } },
        ];
      });
  const denials = of("deny");
  for (const { origin, rule } of of("allow")) {
    const literal = rule.pattern.flatMap((one) => (one.kind === "literal" ? [one.text] : []));
    const isPlain = rule.pattern.slice(0, literal.length).every(({ kind }) => kind === "literal");
    if (literal.length === 0 && rule.pattern.some(({ kind }) => kind === "any")) {
      note(origin, `${origin.place} is wide: it covers every file of the machine`);
    }
    for (const denial of denials) {
      const index = new RuleIndex({ allow: undefined, deny: [denial.rule], fences: [] });
      const { rights, below } = index.of(`/${literal.join("/")}`);
      const isSame = JSON.stringify(denial.rule.pattern) === JSON.stringify(rule.pattern);
      const isWhole = isPlain && ((rights | below) & rule.access) === 0;
      if (isWhole || (isSame && (denial.rule.access & rule.access) === rule.access)) {
        note(origin, never(origin, denial.origin));
      }
    }
  }
}

function lintNetwork({ rules }: PolicyDocument, note: Note): void {
  const of = (
    use: "allow" | "deny",
  ): readonly { readonly origin: RuleOrigin; readonly rules: readonly NetworkRule[] }[] =>
    rules
      .filter((rule) => rule.kind === "network" && rule.use === use)
      .map((origin) => ({
        origin,
        rules: origin.written.flatMap((text) => {
          const parsed = parseNetworkRule(text, use);
          return parsed.ok ? [parsed.rule] : [];
        }),
      }));
  const denials = of("deny");
  for (const { origin, rules: allowed } of of("allow")) {
    const denial = denials.find((one) => allowed.every((rule) => one.rules.some((over) => deniesAll(over, rule))));
    if (denial !== undefined) note(origin, never(origin, denial.origin));
    for (const { target } of allowed.slice(0, 1)) {
      if (target.kind === "suffix" && !target.suffix.includes(".")) {
        note(origin, `${origin.place} is wide: it covers every name below .${target.suffix}, whoever has it`);
      }
      if (target.kind === "any") note(origin, `${origin.place} is wide: it covers private networks, too`);
    }
  }
  const blocks = denials.flatMap(({ origin, rules: denied }) =>
    denied.flatMap(({ target }) => (target.kind === "block" ? [{ origin, address: target.address }] : [])),
  );
  const [first] = blocks;
  if (first !== undefined && blocks.every(({ address }) => !address.includes(":"))) {
    note(
      first.origin,
      `${first.origin.place} denies IPv4 addresses, and no rule denies IPv6; the same host may have both`,
    );
  }
}

function deniesAll(denial: NetworkRule, rule: NetworkRule): boolean {
  return (
    rule.schemes.every((scheme) => denial.schemes.includes(scheme)) &&
    coversPorts(denial.ports, rule.ports) &&
    coversTarget(denial.target, rule.target)
  );
}

function coversPorts(outer: readonly PortRange[] | undefined, inner: readonly PortRange[] | undefined): boolean {
  if (outer === undefined || inner === undefined) return outer === inner;
  return inner.every(({ start, end }) => outer.some((one) => one.start <= start && end <= one.end));
}

function coversTarget(outer: NetworkTarget, inner: NetworkTarget): boolean {
  if (outer.kind === "any") return true;
  switch (inner.kind) {
    case "name":
      return coversName(outer, inner.name);
    case "suffix":
      return outer.kind === "public" || (outer.kind === "suffix" && `.${inner.suffix}`.endsWith(`.${outer.suffix}`));
    case "block":
      return outer.kind === "block" && outer.prefix <= inner.prefix && isInBlock(inner.address, outer);
    case "public":
    case "loopback":
    case "any":
      return outer.kind === inner.kind;
  }
}
