import type { Command, Help, Option } from "commander";
import { GRANT_TERMS } from "../flags/grant-options.ts";
import { QUANTITIES } from "../flags/quantities.ts";
import { displayWidth } from "../output/display-width.ts";
import { styled } from "../output/terminal.ts";
import { readingWidth } from "../output/width.ts";
import { wrapped } from "../output/wrap.ts";
import { examplesOf } from "./examples.ts";

/** A term, such as a flag, and what it means. */
type Item = readonly [term: string, description: string];

/** Terms wider than this, in columns, have their description on the line below. */
const MAX_TERM = 30;

const MARGIN = "  ";

/** A space at which no line ends. */
const UNBROKEN = "\u{a0}";

/** The help of a command: how it is used, an example first, then its arguments and flags in groups. */
export function formatHelp(command: Command, helper: Help): string {
  // It goes to stdout when it was asked for, and is laid out for that.
  const width = readingWidth(process.stdout);
  const groups = new Map<string, Item[]>();
  const add = (group: string, item: Item): void => void groups.set(group, [...(groups.get(group) ?? []), item]);
  for (const argument of helper.visibleArguments(command)) {
    add("Arguments:", [helper.argumentTerm(argument), helper.argumentDescription(argument)]);
  }
  for (const child of helper.visibleCommands(command)) {
    add("Commands:", [child.name(), helper.subcommandDescription(child)]);
  }
  const options = helper.visibleOptions(command);
  for (const option of options) add(option.helpGroupHeading ?? "Options:", [termOf(option), descriptionOf(option)]);
  for (const item of quantitiesOf(options)) add("Values:", item);
  const terms = [...groups.values()].flat().map(([term]) => displayWidth(term));
  const column = MARGIN.length + Math.min(Math.max(...terms), MAX_TERM) + MARGIN.length;
  return [
    `${heading("Usage:")} ${helper.commandUsage(command)}`,
    "",
    ...wrapped(sentence(helper.commandDescription(command)), width),
    "",
    heading("Examples:"),
    ...examplesOf(wordsOf(command)).map((line) => `${MARGIN}${line}`),
    ...[...groups].flatMap(([group, items]) => [
      "",
      heading(group),
      ...items.flatMap((item) => lines(item, column, width)),
    ]),
    "",
  ]
    .join("\n")
    .replaceAll(UNBROKEN, " ");
}

/** What a command is called with, without the program's own name; that name for the program. */
export function wordsOf(command: Command): string {
  const above = command.parent;
  if (above === null || above.parent === null) return command.name();
  return `${wordsOf(above)} ${command.name()}`;
}

/** How a flag is shown. */
function termOf(option: Option): string {
  // Other flags may have the name of a grant's: those of no group.
  const term = option.helpGroupHeading === undefined ? undefined : GRANT_TERMS[option.long ?? ""];
  return term ?? option.flags;
}

function descriptionOf({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const byDefault: unknown = defaultValueDescription ?? defaultValue;
  const notes = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(", ")}`]),
    ...(typeof byDefault === "string" ? [`default:${UNBROKEN}${byDefault}`] : []),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join("; ")})`;
}

/** How the quantities are written that the flags take. */
function quantitiesOf(options: readonly Option[]): readonly Item[] {
  const placeholders = new Set(options.flatMap(({ flags }) => /<([A-Z]+)>/.exec(flags)?.[1] ?? []));
  return Object.entries(QUANTITIES).filter(([name]) => placeholders.has(name));
}

function lines([term, description]: Item, column: number, width: number): readonly string[] {
  const head = `${MARGIN}${term}`;
  if (displayWidth(head) + MARGIN.length > column) return [head, ...wrapped(description, width, column)];
  const [first = "", ...rest] = wrapped(description, width, column);
  return [`${head.padEnd(column)}${first.slice(column)}`, ...rest];
}

function sentence(text: string): string {
  const whole = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return whole.endsWith(".") ? whole : `${whole}.`;
}

function heading(text: string): string {
  return styled("heading", text, process.stdout);
}
