import { isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import type { NetworkTarget } from "./grants.ts";
import { isDnsName } from "./parsing/parse-host.ts";

/** A target, or what is wrong with what was written; one line. */
export type TargetParse =
  | { readonly ok: true; readonly target: NetworkTarget }
  | { readonly ok: false; readonly problem: string };

/** The words that are no names of hosts. */
const WORDS: ReadonlyMap<string, NetworkTarget> = new Map([
  ["*", { kind: "public" }],
  ["public", { kind: "public" }],
  ["any", { kind: "any" }],
  ["localhost", { kind: "loopback" }],
  ["localhost.", { kind: "loopback" }],
  ["loopback", { kind: "loopback" }],
] as const);

/**
 * Reads the host of a network rule: a DNS name, `*.SUFFIX`, `localhost` or `loopback`, `*` or `public`, `any`, an IPv4 address
 * as four decimal numbers, an IPv6 address in brackets, or a block `ADDRESS/PREFIX`. The bits of a block's address behind its
 * prefix must be zero.
 */
export function parseTarget(written: string): TargetParse {
  const word = WORDS.get(written.toLowerCase());
  if (word !== undefined) return found(word);
  const block = /^\[?([0-9a-fA-F:.]+)(?:\]\/|\/)([0-9]{1,3})\]?$/u.exec(written);
  if (block?.[1] !== undefined && block[2] !== undefined && hasMatchingBrackets(written)) {
    return parseBlock(block[1], block[2]);
  }
  if (written.startsWith("[")) {
    const inside = /^\[([^\]]*)\]$/u.exec(written)?.[1];
    if (inside === undefined || !isIPv6(inside)) return wrong("what is in the brackets is not an IPv6 address");
    return found({ kind: "block", address: canonicalIpv6(inside), prefix: 128 });
  }
  if (isIPv6(written)) return wrong("an IPv6 address needs brackets");
  if (/[/\\?#]/u.test(written)) return wrong("it has a path");
  if (isIPv4(written)) return found({ kind: "block", address: written, prefix: 32 });
  if (written.startsWith("*.")) return parseSuffix(written.slice(2));
  if (written.includes("*")) return wrong("a wildcard stands for whole labels at the start, as in *.example.com");
  const name = canonicalName(written);
  return name.ok ? found({ kind: "name", name: name.name }) : name;
}

/** A DNS name in the form that guests' hosts are compared in: lower case, punycode, without a trailing dot. */
function canonicalName(
  written: string,
): { readonly ok: true; readonly name: string } | { readonly ok: false; readonly problem: string } {
  if (/[/\\?#@:[\]\s%]/u.test(written)) return { ok: false, problem: "it is not a DNS name" };
  const host = URL.parse(`http://${written}/`)?.hostname.replace(/\.$/u, "");
  // A URL parser reads `127.1`, `0x7f.1` and `017700000001` as addresses; an operator who wrote one may mean another thing.
  if (host !== undefined && isIPv4(host)) {
    return { ok: false, problem: "an IPv4 address must be four decimal numbers without leading zeros" };
  }
  if (host === undefined || !isDnsName(host)) return { ok: false, problem: "it is not a DNS name" };
  return { ok: true, name: host };
}

/** The one form of an IPv6 address that compares as text (RFC 5952, with hexadecimal digits only). */
function canonicalIpv6(address: string): string {
  return URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1) ?? address;
}

function parseSuffix(written: string): TargetParse {
  // As a name with a label before it, so that what is numeric, and so an address, is found out.
  const name = canonicalName(`x.${written}`);
  if (!name.ok || written === "") return wrong("what follows the *. is not a DNS name");
  return found({ kind: "suffix", suffix: name.name.slice(2) });
}

function hasMatchingBrackets(written: string): boolean {
  return written.startsWith("[") ? /^\[[^\]]*\](?:\/[0-9]+)?$/u.test(written) : !written.includes("]");
}

function parseBlock(address: string, prefixText: string): TargetParse {
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  if (bits === 0) return wrong("what is before the / is not an address");
  const prefix = Number(prefixText);
  if (!/^(?:0|[1-9][0-9]*)$/u.test(prefixText) || prefix > bits) {
    return wrong(`the number after the / is not one from 0 to ${bits}`);
  }
  const block = { address: bits === 32 ? address : canonicalIpv6(address), prefix };
  const start = networkAddress(block.address, prefix);
  if (start !== block.address) return wrong(`it is no block: its first address is ${start}`);
  return found({ kind: "block", ...block });
}

/** The first address of the block that an address lies in, in canonical form. */
function networkAddress(address: string, prefix: number): string {
  const bytes = ipaddr.parse(address).toByteArray();
  const masked = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff);
  const text = ipaddr.fromByteArray(masked).toString();
  return masked.length === 4 ? text : canonicalIpv6(text);
}

function found(target: NetworkTarget): TargetParse {
  return { ok: true, target: Object.freeze(target) };
}

function wrong(problem: string): TargetParse {
  return { ok: false, problem };
}
