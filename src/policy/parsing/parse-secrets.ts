import type { SecretRule } from "../grants.ts";
import { parseHost } from "./parse-host.ts";
import { describe, type Problems, quote, section } from "../problems.ts";
import { isToken, isForbiddenField } from "../../shared/field-rules.ts";

/** A secret whose value the host puts into requests. The guest never sees it. */
export interface SecretInput {
  /** The name the secret was set under, for this component. */
  readonly key: string;
  /**
   * Where requests have to go: `[SCHEME://]HOST[:PORT]`, exactly. Without a scheme it is HTTPS, and plain HTTP for the loopback
   * interface, too; without a port that of the scheme.
   */
  readonly host: string;
  /** The header that has the value; one of the guest's own is replaced. */
  readonly header: string;
}

/** Headers that say something of the message itself, besides those that frame it. */
const OF_THE_MESSAGE: ReadonlySet<string> = new Set([
  "content-length",
  "content-type",
  "content-encoding",
  "te",
  "trailer",
]);

const MAX_SECRETS = 100;

/** Reads the secrets of a component; what is wrong goes to `problems`. */
export function parseSecrets(value: unknown, problems: Problems): readonly SecretRule[] {
  if (value === undefined) return Object.freeze([]);
  if (!Array.isArray(value) || value.length > MAX_SECRETS) {
    problems.push(`Cannot read secrets: expected a list of at most ${MAX_SECRETS} objects, found ${describe(value)}`);
    return Object.freeze([]);
  }
  const found: SecretRule[] = [];
  for (const [index, item] of (value as readonly unknown[]).entries()) {
    const rule = parseSecret(item, `secrets[${index}]`, problems);
    if (rule === undefined) continue;
    if (found.some((one) => overlaps(one, rule))) {
      problems.push(`Cannot read secrets[${index}]: another secret goes into the same header for the same host`);
    }
    found.push(rule);
  }
  return Object.freeze(found);
}

/** A name that a secret can have: 1 to 64 letters, digits and any of `_.-`, beginning with a letter or `_`. */
export function isSecretKey(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/u.test(text);
}

function parseSecret(item: unknown, name: string, problems: Problems): SecretRule | undefined {
  const before = problems.length;
  const { key, host, header } = section(item, name, ["key", "host", "header"], problems);
  if (problems.length > before) return undefined;
  for (const [member, text] of Object.entries({ key, host, header })) {
    if (typeof text !== "string")
      problems.push(`Cannot read ${name}.${member}: expected a string, found ${describe(text)}`);
  }
  if (typeof key !== "string" || typeof host !== "string" || typeof header !== "string") return undefined;
  if (!isSecretKey(key)) {
    problems.push(
      `Cannot read ${name}.key: ${quote(key)} is no name of a secret; it has up to 64 letters, digits and any of _ . -`,
    );
  }
  const field = header.toLowerCase();
  if (!isToken(header) || header.length > 256) {
    problems.push(`Cannot read ${name}.header: ${quote(header)} is no name of a header`);
  } else if (isForbiddenField(field) || OF_THE_MESSAGE.has(field)) {
    problems.push(`Cannot read ${name}.header: ${quote(header)} is for the host to set; name another`);
  }
  const target = parseSecretHost(host);
  if (typeof target === "string") problems.push(`Cannot read ${name}.host: ${quote(host)}: ${target}`);
  if (typeof target === "string" || problems.length > before) return undefined;
  return Object.freeze({ key, ...target, header: field });
}

function parseSecretHost(written: string): Pick<SecretRule, "schemes" | "host" | "port"> | string {
  const [, scheme, rest = ""] = /^(?:(https?):\/\/)?(.*?)\/?$/su.exec(written) ?? [];
  const parsed = parseHost(rest);
  if (!parsed.ok) return parsed.problem;
  const { kind, host, port } = parsed.grant;
  const isLoopback = kind === "loopback" || (kind === "address" && (host === "::1" || host.startsWith("127.")));
  const schemes =
    scheme === undefined ? (isLoopback ? (["http", "https"] as const) : (["https"] as const)) : [schemeOf(scheme)];
  return { schemes: Object.freeze([...schemes]), host, port };
}

function schemeOf(text: string): "http" | "https" {
  return text === "http" ? "http" : "https";
}

function overlaps(one: SecretRule, other: SecretRule): boolean {
  const ports = one.port === undefined || other.port === undefined || one.port === other.port;
  const schemes = one.schemes.some((scheme) => other.schemes.includes(scheme));
  return one.header === other.header && one.host === other.host && ports && schemes;
}
