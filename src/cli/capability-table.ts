import type { GrantsInput } from "../policy/parse-grants.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

/** The capabilities of a skill, each `GRANTED` with its scope or `DENIED`, one a line. */
export function capabilityTable(grants: GrantsInput, stream: Output): readonly string[] {
  const { filesystem, network } = grants;
  const hosts = [...(network?.public === true ? ["any public address"] : []), ...(network?.hosts ?? [])];
  return [
    line("filesystem-read:", filesystem?.read ?? [], stream),
    line("filesystem-write:", filesystem?.write ?? [], stream),
    line("network:", hosts, stream),
  ];
}

function line(name: string, scope: readonly string[], stream: Output): string {
  const label = `  ${name.padEnd(17)} `;
  if (scope.length === 0) return label + styled("bad", "DENIED", stream);
  return `${label}${styled("good", "GRANTED", stream)} (${scope.map(neutralisedLine).join(", ")})`;
}
