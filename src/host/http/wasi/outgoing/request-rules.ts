import { type Host, parseGuestHost } from "../../../net/host.ts";
import { isToken } from "../../../../shared/field-rules.ts";

/** `wasi:http/types.method`. */
export type Method =
  | { readonly tag: "get" | "head" | "post" | "put" | "delete" | "connect" | "options" | "trace" | "patch" }
  | { readonly tag: "other"; readonly val: string };

/** `wasi:http/types.scheme`. */
export type Scheme = { readonly tag: "HTTP" | "HTTPS" } | { readonly tag: "other"; readonly val: string };

const MAX_METHOD_LENGTH = 64;
const MAX_PATH_LENGTH = 8_192;
const MAX_AUTHORITY_LENGTH = 1_000;
const MAX_SCHEME_LENGTH = 64;

const KNOWN_METHODS = ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"] as const;

/** A method as it goes over the wire (methods are case-sensitive); `undefined` for what is no token. */
export function methodName(method: Method): string | undefined {
  if (method.tag !== "other") return method.tag.toUpperCase();
  return method.val.length <= MAX_METHOD_LENGTH && isToken(method.val) ? method.val : undefined;
}

/** A method of the wire as a guest sees it. */
export function methodOf(name: string): Method {
  const known = KNOWN_METHODS.find((one) => one.toUpperCase() === name);
  return known === undefined ? { tag: "other", val: name } : { tag: known };
}

/**
 * Whether text may be a path with query: nothing, or the origin form of RFC 9112, section 3.2.1, its path left out where there
 * is a query. No absolute form, which would name another host than the authority; no fragment, blank or control character.
 */
export function isPathWithQuery(text: string): boolean {
  return text.length <= MAX_PATH_LENGTH && /^(?:[/?][\x21\x22\x24-\x7e]*)?$/u.test(text);
}

/** A path with query as it goes over the wire. */
export function requestTarget(pathWithQuery: string | undefined): string {
  const given = pathWithQuery ?? "";
  return given.startsWith("/") ? given : `/${given}`;
}

/** Whether text is a URI scheme of RFC 3986, section 3.1. */
export function isScheme(text: string): boolean {
  return text.length <= MAX_SCHEME_LENGTH && /^[A-Za-z][A-Za-z0-9+.-]*$/u.test(text);
}

/** Where an authority leads. */
export interface Authority {
  readonly host: Host;
  readonly port: number | undefined;
}

/** Reads an authority, `HOST[:PORT]`; `undefined` for what is none. A user name is refused: it hides what the host is. */
export function parseAuthority(text: string): Authority | undefined {
  if (text.length > MAX_AUTHORITY_LENGTH) return undefined;
  const parts = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=-]+)(?::([0-9]{1,5}))?$/u.exec(text);
  const host = parts?.[1] === undefined ? undefined : parseGuestHost(parts[1]);
  if (host === undefined) return undefined;
  const port = parts?.[2] === undefined ? undefined : Number(parts[2]);
  return port !== undefined && (port < 1 || port > 65_535) ? undefined : { host, port };
}
