import type { GrantsInput } from "../parsing/parse-grants.ts";

/** What is allowed and denied, each as a text that is the same for what is the same. */
export interface Sayings {
  readonly allowed: ReadonlySet<string>;
  readonly denied: ReadonlySet<string>;
}

/** What grants as documents have them allow and deny. */
export function grantSayings(grants: GrantsInput): Sayings {
  const [allowed, denied] = [new Set<string>(), new Set<string>()];
  const { filesystem = {}, network, environment, ...others } = grants;
  for (const [rules, into] of [[filesystem.allow, allowed] as const, [filesystem.deny, denied] as const]) {
    for (const rule of rules ?? []) {
      const {
        uri,
        access = ["every access"],
        maxFileBytes,
        from,
      } = typeof rule === "string" ? { uri: rule, access: undefined, maxFileBytes: undefined, from: undefined } : rule;
      const place = uri.startsWith("fs:///") ? uri : `${uri} (from ${from ?? "."})`;
      const bound = maxFileBytes === undefined ? "" : ` up to ${maxFileBytes} bytes`;
      for (const one of access) into.add(`storage: ${one} ${place}${bound}`);
    }
  }
  const parts = typeof network === "object" ? network : {};
  for (const [rules, into] of [[parts.allow, allowed] as const, [parts.deny, denied] as const]) {
    for (const rule of rules ?? []) into.add(`network: ${typeof rule === "string" ? rule : rule.rule}`);
  }
  if (typeof environment === "object") {
    const { allow = [], set = {}, deny = [] } = environment;
    for (const name of allow === "all" ? ["every one"] : allow) allowed.add(`environment: ${name}`);
    for (const [name, value] of Object.entries(set)) allowed.add(`environment: ${name}=${value}`);
    for (const one of deny) denied.add(`environment: ${typeof one === "string" ? one : one.name}`);
  }
  for (const [name, value] of Object.entries(others)) {
    if (value === false || value === "none") continue;
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      allowed.add(`${name}: ${typeof one === "string" ? one : JSON.stringify(one)}`);
    }
  }
  return { allowed, denied };
}
