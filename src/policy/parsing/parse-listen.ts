import type { ListenRule } from "../grants.ts";
import { parseTarget } from "../network-pattern.ts";
import { parsePorts } from "../port-ranges.ts";
import { type Problems, quote, strings } from "../problems.ts";

const GRAMMAR = "write [tcp://|udp://]ADDRESS:PORTS, such as tcp://127.0.0.1:8080";
const BOTH = Object.freeze(["tcp", "udp"] as const);

interface Block {
  readonly address: string;
  readonly prefix: number;
}

const EVERY_ADDRESS: readonly Block[] = [
  { address: "0.0.0.0", prefix: 0 },
  { address: "::", prefix: 0 },
];
const LOOPBACK: readonly Block[] = [
  { address: "127.0.0.0", prefix: 8 },
  { address: "::1", prefix: 128 },
];

/**
 * Reads where a guest may listen, each as `[tcp://|udp://]ADDRESS:PORTS`; what is wrong goes to `problems`. ADDRESS is an IPv4
 * address, an IPv6 address in brackets, a block `ADDRESS/PREFIX`, `localhost` or `loopback` (127.0.0.0/8 and ::1), or `*` or `any`
 * (every address). The unspecified addresses `0.0.0.0` and `[::]` stand for all of their family, as they do for a server. Port 0
 * is one of the system's choice. Without a scheme both are meant.
 */
export function parseListen(value: unknown, problems: Problems): readonly ListenRule[] {
  return Object.freeze(
    strings(value, "listen", problems).flatMap((written) => {
      const rules = parseRule(written);
      if (typeof rules !== "string") return rules;
      problems.push(`Cannot grant listening on ${quote(written)}: ${rules}; ${GRAMMAR}`);
      return [];
    }),
  );
}

function parseRule(written: string): readonly ListenRule[] | string {
  if (written.length > 1_000) return "it is longer than 1,000 characters";
  const [, scheme, rest = ""] = /^(?:([^/:]*):\/\/)?(.*)$/su.exec(written) ?? [];
  if (!isScheme(scheme)) return "its scheme is not tcp or udp";
  const [, host, portsText] = /^(.*):([0-9,*-]*)$/su.exec(rest) ?? [];
  if (host === undefined || portsText === undefined || host === "") return "it has no address or no port";
  const ports = parsePorts(portsText, 0);
  if (ports === undefined) return "its port is not a number from 0 to 65535, a range START-END or *";
  const blocks = blocksOf(host);
  if (typeof blocks === "string") return blocks;
  const schemes = scheme === undefined ? BOTH : Object.freeze([scheme] as const);
  return blocks.map((block) => Object.freeze({ schemes, ...block, ports, written }));
}

function isScheme(text: string | undefined): text is "tcp" | "udp" | undefined {
  return text === undefined || text === "tcp" || text === "udp";
}

function blocksOf(host: string): readonly Block[] | string {
  const parsed = parseTarget(host);
  if (!parsed.ok) return parsed.problem;
  const { target } = parsed;
  switch (target.kind) {
    case "loopback":
      return LOOPBACK;
    case "any":
      return EVERY_ADDRESS;
    case "public":
      return host === "*" ? EVERY_ADDRESS : "it is not an address of this machine";
    case "block": {
      const { address, prefix } = target;
      const unspecified = host.includes("/") ? undefined : EVERY_ADDRESS.find((one) => one.address === address);
      return [unspecified ?? { address, prefix }];
    }
    default:
      return "a name is not an address of this machine";
  }
}
