import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { commandLine } from "../commands.ts";
import { wordsOf } from "./format-help.ts";
import { displayWidth } from "../output/display-width.ts";
import { examplesOf } from "./examples.ts";

const program = commandLine([], () => undefined);
const commands = withThoseBelow(program);

/** A command and all below it that its help shows, but for those that print help. */
function withThoseBelow(command: Command): readonly Command[] {
  const below = command.createHelp().visibleCommands(command);
  return [command, ...below.filter((one) => one.name() !== "help").flatMap(withThoseBelow)];
}

/** The help of a command as it is laid out for that many columns. */
function helpFor(command: (typeof commands)[number], columns: number): readonly string[] {
  const before = process.env["COLUMNS"];
  process.env["COLUMNS"] = String(columns);
  try {
    return command.helpInformation().split("\n");
  } finally {
    if (before === undefined) delete process.env["COLUMNS"];
    else process.env["COLUMNS"] = before;
  }
}

test("no line of any help is wider than its terminal, and none wider than a hundred columns", () => {
  for (const command of commands) {
    for (const [columns, widest] of [
      [80, 80],
      [100, 100],
      [400, 100],
    ] as const) {
      const wide = helpFor(command, columns).filter((line) => displayWidth(line) > widest);
      assert.deepEqual(wide, [], `${command.name()} at ${columns}`);
    }
  }
});

test("each help begins with an example, whose command and flags there are", () => {
  for (const command of commands) {
    const examples = examplesOf(wordsOf(command));
    assert.notDeepEqual(examples, [], wordsOf(command));
    const lines = helpFor(command, 80);
    const at = lines.indexOf("Examples:");
    assert.ok(at > 0 && at < 6, command.name());
    assert.deepEqual(
      lines.slice(at + 1, at + 1 + examples.length),
      examples.map((one) => `  ${one}`),
    );
    for (const example of examples) {
      const [, name = "", below = "", ...rest] = example.slice(example.indexOf("cordon")).split(" ");
      const words = [below, ...rest];
      const shown =
        commands.find((one) => wordsOf(one) === `${name} ${below}`) ??
        commands.find((one) => wordsOf(one) === name.replace(")", ""));
      assert.ok(shown !== undefined, example);
      for (const word of words.filter((one) => one.startsWith("--") && one !== "--")) {
        const [flag = ""] = word.split("=");
        assert.ok(
          shown.options.some(({ long }) => long === flag),
          `${example}: ${flag}`,
        );
      }
    }
  }
});

test("the help of a command says how the quantities are written that its flags take, and of no others", () => {
  const values = (name: string): readonly string[] => {
    const lines = helpFor(commands.find((one) => one.name() === name) ?? program, 80);
    const at = lines.indexOf("Values:");
    return at < 0 ? [] : lines.slice(at + 1).flatMap((line) => /^ {2}([A-Z]+) /.exec(line)?.[1] ?? []);
  };
  assert.deepEqual(values("run"), ["AMOUNT", "COUNT", "DURATION", "RATE", "SHARE", "SIZE"]);
  assert.deepEqual(values("scan"), []);
  const run = helpFor(commands.find((one) => one.name() === "run") ?? program, 80).join(" ");
  assert.match(run.replaceAll(/\s+/g, " "), /without a unit it is in seconds: 500 is 500s/);
});
