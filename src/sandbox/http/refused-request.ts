import type { IncomingMessage } from "node:http";
import type { Limits } from "../../shared/limits.ts";

/** The most header fields a guest is given. Node refuses about as many by itself, and says nowhere how many. */
const MAX_FIELDS = 1_024;

/**
 * The origin form of RFC 9112, section 3.2.1, in its characters, or the asterisk of `OPTIONS *`. The absolute form is for
 * proxies, which the server is not: what a guest sees as a path must be one.
 */
const TARGET = /^(?:\/[\x21-\x7e]*|\*)$/u;

/** `uri-host [":" port]` of RFC 9110, section 7.2, in its characters. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]{0,5})?$/u;

/** The status for a request that no guest is to see, if it is one: its parser has taken it, and more can be wrong. */
export function refusalOf(
  request: Pick<IncomingMessage, "rawHeaders" | "headers" | "url">,
  limits: Limits,
): number | undefined {
  const { rawHeaders, headers } = request;
  if (rawHeaders.length > 2 * MAX_FIELDS) return 431;
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1 || !HOST.test(headers.host ?? "") || !TARGET.test(request.url ?? "")) return 400;
  return Number(headers["content-length"] ?? 0) > limits.maxRequestBodyBytes ? 413 : undefined;
}
