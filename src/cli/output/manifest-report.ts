import type { ManifestInUse } from "../../sandbox/manifest/manifest-in-use.ts";
import type { CapabilityRow } from "../../sandbox/manifest/side-by-side.ts";
import { table } from "./table.ts";
import { neutralisedLine, type Output } from "./terminal.ts";
import { terminalWidth } from "./width.ts";

/** What is asked for, what is granted and what is both, side by side. */
export function capabilityRows(rows: readonly CapabilityRow[], stream: Output): readonly string[] {
  const cells = rows.map(({ capability, requested, granted, effective }) => [
    capability,
    ...[requested, granted, effective].map((texts) =>
      texts.length === 0 ? "nothing" : neutralisedLine(texts.join(", ")),
    ),
  ]);
  return table([["CAPABILITY", "REQUESTED", "GRANTED", "EFFECTIVE"], ...cells], { width: terminalWidth(stream) });
}

/** Where what is asked for and what is granted differ, each on one line. */
export function manifestNotes({ name, version, capabilities }: ManifestInUse): readonly string[] {
  const who = `${name} ${version}`;
  const missing = capabilities.filter(({ requested, effective }) => requested.length > 0 && effective.length === 0);
  const idle = capabilities.filter(({ requested, granted }) => requested.length === 0 && granted.length > 0);
  return [
    ...missing.map(
      ({ capability, requested }) => `${who} asks for ${capability} (${requested.join(", ")}), which is not granted`,
    ),
    ...idle.map(
      ({ capability, granted }) =>
        `${who} does not ask for ${capability}, so that ${granted.join(", ")} is not in effect`,
    ),
  ];
}
