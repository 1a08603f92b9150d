import { CordonError } from "../shared/errors.ts";
import { isKeyName, KEY_NAME_RULE } from "../shared/key-name.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import { nearest } from "../shared/text/suggest.ts";
import { type PublicKey, publicKeyFrom } from "./ed25519.ts";
import { PUBLISHER_LEVELS, type PublisherLevel } from "../shared/publisher-level.ts";

/** A key that its operator has given a name. */
export interface TrustedKey {
  /** 1 to 64 lower-case letters, digits and any of `._-`, beginning with a letter or digit. */
  readonly name: string;
  readonly publicKey: PublicKey;
  readonly level: PublisherLevel;
  /** From when on, and until when, its signatures count, in milliseconds since 1970. */
  readonly from: number | undefined;
  readonly until: number | undefined;
  /** When it was revoked, and why. */
  readonly revoked: { readonly at: number; readonly reason: string | undefined } | undefined;
}

const MAX_REASON = 500;

const MEMBERS = ["version", "name", "publicKey", "level", "from", "until", "revoked"] as const;

/** @throws CordonError `usage` when it can be no name of a key. */
export function assertKeyName(name: string): void {
  if (isKeyName(name)) return;
  throw new CordonError("usage", `Cannot use ${quoteText(name, 100)} as the name of a key: it is ${KEY_NAME_RULE}`);
}

/** @throws CordonError `usage` when it is none. */
function publisherLevel(text: string): PublisherLevel {
  const found = PUBLISHER_LEVELS.find((level) => level === text);
  if (found !== undefined) return found;
  const meant = nearest(text, PUBLISHER_LEVELS);
  const hint = meant === undefined ? `there are ${PUBLISHER_LEVELS.join(", ")}` : `did you mean ${meant}?`;
  throw new CordonError("usage", `Cannot use the level ${quoteText(text, 100)}: ${hint}`);
}

/**
 * An instant, as `2027-01-31` (its first moment, in UTC) or `2027-01-31T12:00:00Z`.
 *
 * @throws CordonError `usage` when it is none.
 */
export function instant(text: string): number {
  const parts = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2}(?:\.\d{3})?)Z)?$/u.exec(text);
  const time = parts === null ? Number.NaN : Date.parse(text);
  // A day that there is not, such as the 31st of June, comes back as another.
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(parts?.[1] ?? "")) return time;
  throw new CordonError(
    "usage",
    `Cannot read the date ${quoteText(text, 100)}: write 2027-01-31 or 2027-01-31T12:00:00Z`,
  );
}

/** An instant as {@link instant} reads it. */
export function dateText(time: number): string {
  return new Date(time).toISOString();
}

/** A key as the trust store keeps it. */
export function encodeTrustedKey({ name, publicKey, level, from, until, revoked }: TrustedKey): Uint8Array {
  const document = {
    version: 1,
    name,
    publicKey: Buffer.from(publicKey).toString("base64"),
    level,
    ...(from === undefined ? {} : { from: dateText(from) }),
    ...(until === undefined ? {} : { until: dateText(until) }),
    ...(revoked === undefined ? {} : { revoked: { at: dateText(revoked.at), ...reasonOf(revoked.reason) } }),
  };
  return Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`);
}

/**
 * Reads what {@link encodeTrustedKey} wrote. Anything else is an error: a revocation that is overlooked would be worse than a key that is
 * not found.
 *
 * @throws CordonError `usage` or SyntaxError.
 */
export function decodeTrustedKey(bytes: Uint8Array): TrustedKey {
  const document: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  if (!isObject(document)) throw new SyntaxError("it is no object");
  const unknown = Object.keys(document).find((key) => !MEMBERS.some((member) => member === key));
  if (unknown !== undefined) throw new SyntaxError(`it has a member ${quoteText(unknown, 100)}, which is not known`);
  if (document["version"] !== 1) throw new SyntaxError("it is of another version");
  const name = text(document["name"], "name");
  assertKeyName(name);
  const encoded = text(document["publicKey"], "publicKey");
  const publicKey = publicKeyFrom(Buffer.from(encoded, "base64"));
  if (Buffer.from(publicKey).toString("base64") !== encoded) throw new SyntaxError("publicKey is no base64");
  const level = publisherLevel(text(document["level"], "level"));
  const [from, until] = (["from", "until"] as const).map((key) =>
    document[key] === undefined ? undefined : instant(text(document[key], key)),
  );
  return { name, publicKey, level, from, until, revoked: revocation(document["revoked"]) };
}

function revocation(value: unknown): TrustedKey["revoked"] {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw new SyntaxError("revoked is no object");
  const reason = value["reason"] === undefined ? undefined : text(value["reason"], "revoked.reason");
  return { at: instant(text(value["at"], "revoked.at")), reason };
}

function reasonOf(reason: string | undefined): { readonly reason?: string } {
  return reason === undefined ? {} : { reason: reason.slice(0, MAX_REASON) };
}

function text(value: unknown, key: string): string {
  if (typeof value === "string") return value;
  throw new SyntaxError(`${key} is no text`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
