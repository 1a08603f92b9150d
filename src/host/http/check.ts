import type { Decision } from "../../policy/decision.ts";
import type { NetworkGrant } from "../../policy/grants.ts";
import { checkTarget, type Target } from "../net/check.ts";
import { DEFAULT_PORTS } from "../net/rule-match.ts";

/** What a URL leads to; `undefined` for a scheme that is neither `http` nor `https`. */
export function targetOf(url: URL): Target | undefined {
  const scheme = url.protocol === "http:" ? "http" : url.protocol === "https:" ? "https" : undefined;
  if (scheme === undefined) return undefined;
  const port = url.port === "" ? (DEFAULT_PORTS[scheme] ?? 0) : Number(url.port);
  return { scheme, host: url.hostname, port };
}

/**
 * Whether a URL may be requested, as far as its text shows. The host is checked in the form that the URL parser gives it, so
 * `127.1` is 127.0.0.1 here. Whatever the name resolves to needs `checkAddress` as well.
 */
export function checkUrl(network: NetworkGrant, url: URL): Decision {
  const target = targetOf(url);
  if (target === undefined) return { allowed: false, reason: "the scheme of the URL is not http or https" };
  if (url.username !== "" || url.password !== "") {
    return { allowed: false, reason: "the URL has a user name or password" };
  }
  return checkTarget(network, target);
}
