import type { CheckState, Diagnosis } from "../../sandbox/machine/doctor.ts";
import type { MachineFacts } from "../../sandbox/machine/machine.ts";
import { escapeInvisible } from "../../shared/text/quote-text.ts";
import { table } from "./table.ts";
import { wrapped } from "./wrap.ts";

const STYLES = { ok: "good", weak: "warning", missing: "bad" } as const;

/** Styles text for where it goes. */
type Style = (style: "heading" | "good" | "warning" | "bad", text: string) => string;

/** A diagnosis as data. */
export function doctorDocument(
  { fit, checks, levels }: Diagnosis,
  { platform, nodeVersion }: Pick<MachineFacts, "platform" | "nodeVersion">,
): Record<string, unknown> {
  return { status: fit ? "ok" : "unfit", platform, node: nodeVersion, checks, levels };
}

/**
 * A diagnosis as lines for people.
 *
 * @param width The columns of the terminal; lines are not broken without.
 */
export function doctorReport({ fit, checks, levels }: Diagnosis, style: Style, width?: number): readonly string[] {
  const remedies = checks.flatMap(({ name, remedy }) =>
    remedy === undefined ? [] : fitted(escapeInvisible(`${name}: ${remedy}`), width),
  );
  const verdict = fit ? "Cordon can run guests here." : "Cordon cannot run guests here.";
  return [
    ...rows(
      checks.map(({ state, name, found, meaning }) => ({ state, cells: [name, found, meaning] })),
      style,
      width,
    ),
    "",
    style("heading", "Isolation levels"),
    ...rows(
      levels.map(({ state, level, gives }) => ({ state, cells: [level, gives] })),
      style,
      width,
    ),
    ...(remedies.length === 0 ? [] : ["", style("heading", "What to do"), ...remedies]),
    "",
    style(fit ? "good" : "bad", verdict),
  ];
}

/** The state is styled after the columns are laid out: styles have no width, and would be counted. */
function rows(
  given: readonly { readonly state: CheckState; readonly cells: readonly string[] }[],
  style: Style,
  width: number | undefined,
): readonly string[] {
  const laidOut = table(
    given.map(({ state, cells }) => [`  ${state}`, ...cells.map(escapeInvisible)]),
    { width },
  );
  let index = -1;
  return laidOut.map((line) => {
    // What a row was broken into stands further to the right.
    if (line.startsWith("   ")) return line;
    index += 1;
    const state = given[index]?.state ?? "ok";
    return `  ${style(STYLES[state], state)}${line.slice(state.length + 2)}`;
  });
}

function fitted(line: string, width: number | undefined): readonly string[] {
  return width === undefined ? [`  ${line}`] : wrapped(line, width, 4, 2);
}
