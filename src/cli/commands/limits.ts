import { profileNamed } from "../../sandbox/options/limit-options.ts";
import { LIMIT_PROFILES, PROFILE_NAMES } from "../../shared/limits/limit-profiles.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { printJson } from "../output/json-output.ts";
import { LIMIT_FLAGS, LIMIT_GROUP_STARTS, LIMIT_NAMES } from "../flags/limit-options.ts";
import { limitText } from "../flags/limit-text.ts";
import { table } from "../output/table.ts";
import { type Output, styled } from "../output/terminal.ts";
import { terminalWidth } from "../output/width.ts";

/** `cordon limits [NAME]`: shows the profiles side by side, or one of them. Returns the exit code. */
export async function limitsCommand(name: string | undefined, flags: { readonly json?: boolean }): Promise<number> {
  const out = process.stdout;
  try {
    const shown = name === undefined ? LIMIT_PROFILES : { [name]: profileNamed(name) };
    if (flags.json === true) printJson({ status: "ok", default: "minimal", profiles: shown }, out);
    else if (name === undefined) out.write(`${sideBySide(out).join("\n")}\n`);
    else out.write(`${oneProfile(profileNamed(name), terminalWidth(out)).join("\n")}\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

/** Every limit by its flag, a column for each profile. At most 80 columns wide. */
function sideBySide(out: Output): readonly string[] {
  const rows = LIMIT_NAMES.map((name) => {
    const { flag, kind } = LIMIT_FLAGS[name];
    return [`  ${flag}`, ...PROFILE_NAMES.map((profile) => limitText(LIMIT_PROFILES[profile], name, kind))];
  });
  const [head = "", ...lines] = table(rightAligned([["", ...PROFILE_NAMES], ...rows]));
  return [
    styled("heading", head, out),
    ...LIMIT_NAMES.flatMap((name, index) => {
      const group = LIMIT_GROUP_STARTS[name];
      return [...(group === undefined ? [] : [styled("heading", group, out)]), lines[index] ?? ""];
    }),
    "",
    "minimal is the default; --profile NAME takes another. A flag sets one limit.",
  ];
}

/** All columns but the first with their cells at the right. */
function rightAligned(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell : cell.padStart(width(column)))));
}

function oneProfile(limits: Limits, width: number | undefined): readonly string[] {
  return table(
    LIMIT_NAMES.map((name) => {
      const { flag, kind, description } = LIMIT_FLAGS[name];
      return [flag, limitText(limits, name, kind), description];
    }),
    { width },
  );
}
