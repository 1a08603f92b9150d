import type { HttpSecret } from "../../policy/grants.ts";
import type { Target } from "../net/check.ts";
import { hostText, parseGuestHost } from "../net/host.ts";
import { DEFAULT_PORTS } from "../net/rule-match.ts";

/** Methods whose answer repeats the request, headers and all. */
const ECHOED: ReadonlySet<string> = new Set(["TRACE", "TRACK"]);

/**
 * The fields that the host puts into one request, by their names in lower case. They go to exactly the host, port and scheme that they
 * are for; a request that was redirected is one of its own.
 *
 * @param method In capitals or not: some servers read it either way.
 */
export function secretFields(
  secrets: readonly HttpSecret[],
  target: Target,
  method: string,
): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (secrets.length === 0 || ECHOED.has(method.toUpperCase())) return fields;
  const host = parseGuestHost(target.host);
  if (host === undefined) return fields;
  for (const { schemes, host: wanted, port, header, value } of secrets) {
    const isIt =
      wanted === hostText(host) &&
      schemes.includes(target.scheme) &&
      target.port === (port ?? DEFAULT_PORTS[target.scheme]);
    if (isIt) fields.set(header, value);
  }
  return fields;
}

/** A guest's fields, names and values in turn, with those that the host puts in in the place of any of the same name. */
export function withSecretFields(flat: readonly string[], fields: ReadonlyMap<string, string>): string[] {
  if (fields.size === 0) return [...flat];
  const kept: string[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const [name = "", value = ""] = flat.slice(index, index + 2);
    if (!fields.has(name.toLowerCase())) kept.push(name, value);
  }
  return [...kept, ...[...fields].flat()];
}
