import { isIPv4, isIPv6 } from "node:net";

/** One host, as `--allow-network` and the SDK's `network.hosts` write it. */
export interface HostGrant {
  /**
   * `name`: exactly this lower-case DNS name without a trailing dot. `loopback`: the name `localhost`. `address`: exactly this
   * IP address in canonical form.
   */
  readonly kind: "name" | "loopback" | "address";
  readonly host: string;
  /** The port; absent, it is the default port of the URL's scheme (80 or 443). */
  readonly port?: number;
  /** As the operator wrote it, for messages. */
  readonly written: string;
}

/** What a host grant looks like; part of every message about a wrong one. */
const GRAMMAR = "write HOST, HOST:PORT, IPV4:PORT or [IPV6]:PORT";

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/u;

/** Whether `host` is a lower-case ASCII DNS name without a trailing dot; underscores count as letters. */
export function isDnsName(host: string): boolean {
  return host.length <= 253 && host.split(".").every((label) => LABEL.test(label));
}

/** A host grant, or what is wrong with what was written; one line. */
export type HostParse =
  | { readonly ok: true; readonly grant: HostGrant }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads one host grant: `HOST[:PORT]`, where HOST is a DNS name (an international one becomes punycode), `localhost`, an IPv4
 * address as four decimal numbers, or an IPv6 address in brackets. The name is lower-cased and one trailing dot dropped. There
 * are no schemes, paths, user names or wildcards.
 */
export function parseHost(written: string): HostParse {
  if (written === "") return wrong("it is empty");
  if (written.length > 1_000) return wrong("it is longer than 1,000 characters");
  if (written.includes("://")) return wrong("it has a scheme");
  if (written.includes("@")) return wrong("it has a user name");
  if (written.includes("*")) return wrong("wildcards are not supported");
  if (/[/\\?#]/u.test(written)) return wrong("it has a path");
  if (/[\s%\p{Cc}\p{Cf}]/u.test(written)) return wrong("it has a space, a percent sign or a control character");

  const parts = written.startsWith("[")
    ? /^\[([^\]]*)\](?::(.*))?$/u.exec(written)
    : /^([^:]*)(?::([^:]*))?$/u.exec(written);
  const host = parts?.[1];
  if (host === undefined) {
    return wrong(isIPv6(written) ? "an IPv6 address needs brackets" : "it is not a host with an optional port");
  }
  const portText = parts?.[2];
  const port = portText === undefined ? undefined : parsePort(portText);
  if (portText !== undefined && port === undefined) return wrong("its port is not a number from 1 to 65535");

  const named = written.startsWith("[") ? parseIpv6(host) : parseName(host);
  if (typeof named === "string") return wrong(named);
  return { ok: true, grant: Object.freeze({ ...named, ...(port === undefined ? {} : { port }), written }) };
}

function wrong(problem: string): HostParse {
  return { ok: false, problem: `${problem}; ${GRAMMAR}` };
}

function parsePort(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,4}$/u.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

function parseIpv6(text: string): Pick<HostGrant, "kind" | "host"> | string {
  if (!isIPv6(text)) return "what is in the brackets is not an IPv6 address";
  return { kind: "address", host: canonical(`[${text}]`)?.slice(1, -1) ?? text };
}

function parseName(text: string): Pick<HostGrant, "kind" | "host"> | string {
  if (isIPv4(text)) return { kind: "address", host: text };
  const host = canonical(text)?.replace(/\.$/u, "");
  // A URL parser reads `127.1`, `0x7f.1` and `017700000001` as addresses; an operator who wrote one may mean another thing.
  if (host !== undefined && isIPv4(host)) return "an IPv4 address must be four decimal numbers without leading zeros";
  if (host === undefined || !isDnsName(host)) return "it is not a DNS name";
  return { kind: host === "localhost" ? "loopback" : "name", host };
}

/** The host as the WHATWG URL Standard writes it, which is the form that the URLs of guests are checked in. */
function canonical(host: string): string | undefined {
  const url = URL.parse(`http://${host}/`);
  return url === null || url.hostname === "" ? undefined : url.hostname;
}
