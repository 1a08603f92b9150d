import type { GrantsInput } from "../../policy/parsing/parse-grants.ts";
import type { NetworkInput } from "../../policy/parsing/parse-network.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

/** The capabilities of a skill, each `GRANTED` with its scope or `DENIED`, one a line. */
export function capabilityTable(grants: GrantsInput, stream: Output): readonly string[] {
  const { filesystem } = grants;
  return [
    line("filesystem-read:", filesystem?.read ?? [], stream),
    line("filesystem-write:", filesystem?.write ?? [], stream),
    line("network:", networkScope(grants.network), stream),
  ];
}

function networkScope(network: NetworkInput | undefined): readonly string[] {
  if (network === undefined || network === "none") return [];
  if (typeof network === "string") return [network];
  const hosts = (network.hosts ?? []).map((one) => (typeof one === "string" ? one : one.host));
  const allowed = (network.allow ?? []).map((one) => (typeof one === "string" ? one : one.rule));
  return [...(network.public === true ? ["any public address"] : []), ...hosts, ...allowed];
}

function line(name: string, scope: readonly string[], stream: Output): string {
  const label = `  ${name.padEnd(17)} `;
  if (scope.length === 0) return label + styled("bad", "DENIED", stream);
  return `${label}${styled("good", "GRANTED", stream)} (${scope.map(neutralisedLine).join(", ")})`;
}
