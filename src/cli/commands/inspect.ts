import { inspect, type Inspection } from "../../sandbox/loading/inspect.ts";
import { embedderHint, isOfEmbedder } from "../../sandbox/loading/imports.ts";
import { NOT_PROVIDED } from "../../sandbox/loading/reach.ts";
import { printFunctionType, printType } from "../../shared/wit/print-wit.ts";
import type { WitFunction, WitType, WitWorldSide } from "../../shared/wit/wit.ts";
import { componentSource } from "../flags/component-file.ts";
import { withFlags } from "../flags/reach-flags.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { printJson } from "../output/json-output.ts";
import { table } from "../output/table.ts";
import { neutralisedLine, type Output, styled } from "../output/terminal.ts";
import { terminalWidth } from "../output/width.ts";
import { wrapped } from "../output/wrap.ts";

/** How many functions and types of each side are listed; `--json` has them all. */
const MAX_LISTED = 500;

/** How many missing imports are named in the summary. */
const MAX_MISSING = 5;

const FORMS: Readonly<Record<Inspection["form"], string>> = {
  component: "component",
  "preview1-command": "WASI preview 1 program",
  "preview1-reactor": "WASI preview 1 library",
  "json-module": "core module with the JSON interface",
};

/** `cordon inspect FILE`: shows what a component is and could reach. Returns the exit code. */
export async function inspectCommand(file: string, flags: { readonly json?: boolean }): Promise<number> {
  const out = process.stdout;
  try {
    const inspection = await inspect(await componentSource(file));
    if (flags.json === true) printJson({ status: "ok", ...inspection, reach: inspection.reach.map(withFlags) }, out);
    else out.write(`${inspectionLines(inspection, out).join("\n")}\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

function inspectionLines(found: Inspection, out: Output): readonly string[] {
  const heading = (text: string): string => styled("heading", text, out);
  const modules = `${found.coreModules} core module${found.coreModules === 1 ? "" : "s"}`;
  const width = terminalWidth(out);
  const facts = table(
    [
      ["Component", neutralisedLine(found.name)],
      ["Form", FORMS[found.form]],
      ["Digest", found.digest],
      ["Size", `${found.bytes.toLocaleString("en")} bytes in ${modules}`],
      ["Producers", producers(found)],
      ["Can run", canRun(found)],
    ],
    { width },
  );
  return [
    ...facts,
    "",
    heading("Could reach, if granted"),
    ...(found.reach.length === 0 ? ["  nothing: it imports no capability"] : reachLines(found, width)),
    "",
    heading("Imports"),
    ...sideLines(found.interface.imports, width),
    "",
    heading("Exports"),
    ...sideLines(found.interface.exports, width),
  ];
}

function canRun(found: Inspection): string {
  if (found.missing.length > 0) {
    const hint = found.form === "component" && found.missing.some(isOfEmbedder) ? `; ${embedderHint()}` : "";
    return `no: it lacks ${missing(found)}${hint}`;
  }
  if (found.refusal !== undefined) return `no: ${neutralisedLine(found.refusal)}`;
  return found.callable.length > 0 ? "yes" : "no: it exports no function that can be called";
}

function producers({ producers: found }: Inspection): string {
  const names = found.map(({ name, version }) => (version === "" ? name : `${name} ${version}`));
  return names.map((one) => neutralisedLine(one)).join(", ") || "unknown";
}

function missing({ missing: found }: Inspection): string {
  const named = found.slice(0, MAX_MISSING).map(neutralisedLine).join(", ");
  return found.length > MAX_MISSING ? `${named} and ${found.length - MAX_MISSING} more` : named;
}

/** What needs a grant, by what grants it; and in one line, what needs none. */
function reachLines({ reach }: Inspection, width: number | undefined): readonly string[] {
  const byAccess = Map.groupBy(
    reach.map(withFlags).filter(({ flags, access }) => flags.length > 0 || access === NOT_PROVIDED),
    ({ access, flags }) => JSON.stringify([access, flags]),
  );
  const rows = [...byAccess.values()].map((alike) => [
    `  ${alike[0]?.access ?? ""}`,
    alike[0]?.flags.join(", ") ?? "",
    alike.map((one) => neutralisedLine(one.interface)).join(", "),
  ]);
  const free = reach.length - [...byAccess.values()].flat().length;
  const rest = free === 0 ? [] : [`  (${free} more import${free === 1 ? "" : "s"} reach nothing of the host)`];
  return [...capped(table(rows, { width })), ...rest];
}

function sideLines({ functions, interfaces, other }: WitWorldSide, width: number | undefined): readonly string[] {
  const lines = [
    ...functions.map((fn) => functionLine(fn, "  ")),
    ...other.map(({ name, kind }) => `  ${neutralisedLine(name)}: ${kind}`),
    ...interfaces.flatMap((one) => [
      `  ${neutralisedLine(one.name)}${one.implements === undefined ? "" : ` implements ${neutralisedLine(one.implements)}`}`,
      ...one.resources.map((name) => `    resource ${neutralisedLine(name)}`),
      ...one.types.map(({ name, type }) => `    type ${neutralisedLine(name)} = ${definition(type)}`),
      ...one.functions.map((fn) => functionLine(fn, "    ")),
    ]),
  ];
  return lines.length === 0 ? ["  none"] : capped(lines).flatMap((line) => fitted(line, width));
}

/** A line broken at spaces where a terminal would break it anywhere; what follows stands further to the right. */
function fitted(line: string, width: number | undefined): readonly string[] {
  if (width === undefined) return [line];
  const margin = line.search(/[^ ]/);
  return wrapped(line.slice(margin), width, margin + 4, margin);
}

function functionLine(fn: WitFunction, margin: string): string {
  return `${margin}${neutralisedLine(fn.name)}: ${neutralisedLine(printFunctionType(fn, { names: true }))}`;
}

/** A named type with its own structure, and the types in it by their names. */
function definition(type: WitType): string {
  if (!("name" in type)) return neutralisedLine(printType(type, { names: true }));
  const { name: _name, ...unnamed } = type;
  return neutralisedLine(printType(unnamed, { names: true }));
}

function capped(lines: readonly string[]): readonly string[] {
  if (lines.length <= MAX_LISTED) return lines;
  return [...lines.slice(0, MAX_LISTED), `  … and ${lines.length - MAX_LISTED} more lines; --json lists all`];
}
