import { type CheckState, diagnose, type Diagnosis } from "../sandbox/doctor.ts";
import { lookAtMachine, type MachineFacts } from "../sandbox/machine.ts";
import { EXIT } from "./exit-codes.ts";
import { printJson } from "./json-output.ts";
import { table } from "./table.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

const STYLES = { ok: "good", weak: "warning", missing: "bad" } as const;

/** `cordon doctor`: says what this machine can give, and what is missing. Returns the exit code: 0 when guests can be run. */
export async function doctorCommand(flags: { readonly json?: boolean }): Promise<number> {
  const facts = await lookAtMachine();
  const diagnosis = diagnose(facts);
  if (flags.json === true) printJson(documentOf(diagnosis, facts), process.stdout);
  else for (const line of report(diagnosis, process.stdout)) process.stdout.write(`${line}\n`);
  return diagnosis.fit ? EXIT.done : EXIT.usage;
}

function documentOf({ fit, checks, levels }: Diagnosis, facts: MachineFacts): Record<string, unknown> {
  return { status: fit ? "ok" : "unfit", platform: facts.platform, node: facts.nodeVersion, checks, levels };
}

function report({ fit, checks, levels }: Diagnosis, stream: Output): readonly string[] {
  const remedies = checks.flatMap(({ name, remedy }) => (remedy === undefined ? [] : [`  ${name}: ${remedy}`]));
  const verdict = fit ? "Cordon can run guests here." : "Cordon cannot run guests here.";
  return [
    ...rows(
      checks.map(({ state, name, found, meaning }) => ({ state, cells: [name, found, meaning] })),
      stream,
    ),
    "",
    styled("heading", "Isolation levels", stream),
    ...rows(
      levels.map(({ state, level, gives }) => ({ state, cells: [level, gives] })),
      stream,
    ),
    ...(remedies.length === 0 ? [] : ["", styled("heading", "What to do", stream), ...remedies.map(neutralisedLine)]),
    "",
    styled(fit ? "good" : "bad", verdict, stream),
  ];
}

/** The state is styled after the columns are laid out: styles have no width, and would be counted. */
function rows(
  given: readonly { readonly state: CheckState; readonly cells: readonly string[] }[],
  stream: Output,
): readonly string[] {
  return table(given.map(({ state, cells }) => [state, ...cells.map(neutralisedLine)])).map((line, index) => {
    const state = given[index]?.state ?? "ok";
    return `  ${styled(STYLES[state], state, stream)}${line.slice(state.length)}`;
  });
}
