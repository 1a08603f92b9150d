import { inspect, type Inspection } from "../sandbox/inspect.ts";
import { printFunctionType } from "../shared/print-wit.ts";
import type { WitWorldSide } from "../shared/wit.ts";
import { errorDocument, reportFailure } from "./failure.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { table } from "./table.ts";
import { neutralisedLine, styled } from "./terminal.ts";

/** `cordon inspect FILE`: shows what a component is and could reach. Returns the exit code. */
export async function inspectCommand(file: string, flags: { readonly json?: boolean }): Promise<number> {
  const out = process.stdout;
  try {
    const inspection = await inspect(file);
    if (flags.json === true) out.write(`${JSON.stringify(inspection, undefined, 2)}\n`);
    else out.write(`${inspectionLines(inspection).join("\n")}\n`);
    return EXIT.done;
  } catch (thrown) {
    if (flags.json !== true) return reportFailure(thrown, process.stderr);
    out.write(`${JSON.stringify({ status: "error", error: errorDocument(thrown) }, undefined, 2)}\n`);
    return exitCodeOf(thrown);
  }
}

function inspectionLines(found: Inspection): readonly string[] {
  const heading = (text: string): string => styled("heading", text, process.stdout);
  const facts = table([
    ["Component", neutralisedLine(found.name)],
    ["Digest", found.digest],
    ["Size", `${found.bytes.toLocaleString("en")} bytes in ${found.coreModules} core modules`],
    [
      "Producers",
      found.producers.map(({ name, version }) => neutralisedLine(`${name} ${version}`)).join(", ") || "unknown",
    ],
  ]);
  return [
    ...facts,
    "",
    heading("Could reach, if granted"),
    ...(found.reach.length === 0 ? ["  nothing: it imports no capability"] : reachLines(found)),
    "",
    heading("Imports"),
    ...sideLines(found.interface.imports),
    "",
    heading("Exports"),
    ...sideLines(found.interface.exports),
  ];
}

function reachLines({ reach }: Inspection): readonly string[] {
  return table(
    reach.map((one) => [`  ${neutralisedLine(one.interface)}`, one.access, one.flag === undefined ? "" : one.flag]),
  );
}

function sideLines({ functions, interfaces, other }: WitWorldSide): readonly string[] {
  const lines = [
    ...functions.map((fn) => `  ${neutralisedLine(fn.name)}: ${neutralisedLine(printFunctionType(fn))}`),
    ...other.map(({ name, kind }) => `  ${neutralisedLine(name)}: ${kind}`),
    ...interfaces.flatMap((one) => [
      `  ${neutralisedLine(one.name)}`,
      ...one.resources.map((name) => `    resource ${neutralisedLine(name)}`),
      ...one.functions.map((fn) => `    ${neutralisedLine(fn.name)}: ${neutralisedLine(printFunctionType(fn))}`),
    ]),
  ];
  return lines.length === 0 ? ["  none"] : lines;
}
