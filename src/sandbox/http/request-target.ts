/** The origin form of RFC 9112, section 3.2.1, in its characters, or the asterisk of `OPTIONS *`. */
const ORIGIN = /^(?:\/[\x21-\x7e]*|\*)$/u;

/** The absolute form of section 3.2.2, taken apart. Only `http`: the server has no other scheme. */
const ABSOLUTE = /^http:\/\/([^/?#]*)([\x21-\x7e]*)$/iu;

/** `uri-host [":" port]` of RFC 9110, section 7.2, in its characters. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]{0,5})?$/u;

/** What a request is for. */
export interface RequestTarget {
  /** Host and port as the client named them; `undefined` when it named none. */
  readonly authority: string | undefined;
  /** In origin form, or the asterisk. */
  readonly pathWithQuery: string;
}

/**
 * The target of a request that came to a server: its path, and the host that it is for, which the absolute form names in place of the
 * `host` field. `undefined` when either is not well-formed.
 */
export function requestTarget(
  method: string | undefined,
  url: string | undefined = "/",
  host?: string,
): RequestTarget | undefined {
  if (!HOST.test(host ?? "")) return undefined;
  const [, authority, rest = ""] = ABSOLUTE.exec(url) ?? [];
  if (authority === undefined) return ORIGIN.test(url) ? { authority: host, pathWithQuery: url } : undefined;
  // User information is not to be used, and a host has to be there (RFC 9110, sections 4.2.1 and 4.2.4).
  if (!HOST.test(authority) || /^(?::|$)/u.test(authority)) return undefined;
  if (rest.includes("#")) return undefined;
  const none = method === "OPTIONS" ? "*" : "/";
  const pathWithQuery = rest === "" ? none : rest.startsWith("/") ? rest : `/${rest}`;
  return { authority, pathWithQuery };
}
