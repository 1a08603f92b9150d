import { relative } from "node:path";
import { describeNeed, exceptionOf, type Need, needsOf } from "../test/support/needs.ts";
import { ROOT } from "./exec.ts";
import type { TestRecord } from "./record-tests.ts";

/** How many of the slowest files are shown. */
const SLOWEST = 15;

/** Reads what the reporter wrote. */
export function parseRecords(text: string): readonly TestRecord[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as TestRecord);
}

/** The files that took longest, a line each, and how long all took. */
export function slowestFiles(records: readonly TestRecord[]): readonly string[] {
  const files = records.filter((record) => record.kind === "file").toSorted((one, other) => other.ms - one.ms);
  const total = files.reduce((sum, { ms }) => sum + ms, 0);
  return [
    `The slowest of ${files.length} test files, in seconds, and all of them together:`,
    ...files.slice(0, SLOWEST).map(({ file, ms }) => `${seconds(ms)}  ${relative(ROOT, file)}`),
    `${seconds(total)}  all`,
  ];
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1).padStart(7);
}

/** What a run left out. */
export interface LeftOut {
  /** What the tests need that were skipped, with how many of them need it. */
  readonly needs: ReadonlyMap<Need, number>;
  /** How many tests were skipped for want of something. */
  readonly tests: number;
  /** Tests that may fail, with the reasons. */
  readonly excepted: readonly string[];
}

/**
 * What was left out, each test once, on however many Nodes it was.
 *
 * @throws Error when a test was skipped without saying what it needs.
 */
export function leftOut(records: readonly TestRecord[]): LeftOut {
  const skipped = new Map(
    records.filter((record) => record.kind === "skipped").map((record) => [record.test, record] as const),
  );
  const needs = new Map<Need, number>();
  const excepted: string[] = [];
  for (const { name, reason } of skipped.values()) {
    const exception = exceptionOf(reason);
    if (exception !== undefined) excepted.push(`${name} (${exception})`);
    else for (const need of needsOf(reason)) needs.set(need, (needs.get(need) ?? 0) + 1);
  }
  return { needs, tests: skipped.size - excepted.length, excepted };
}

/** A line that says what was left out and how to have it. */
export function describeLeftOut({ needs, tests, excepted }: LeftOut): string {
  const known = excepted.length === 0 ? "" : ` Excepted: ${excepted.join("; ")}.`;
  if (tests === 0) return `Left out: nothing, every test ran.${known}`;
  const byAnswer = new Map<string, string[]>();
  for (const [need, count] of needs) {
    const { what, how } = describeNeed(need);
    byAnswer.set(how, [...(byAnswer.get(how) ?? []), `no ${what} (${count})`]);
  }
  const answers = [...byAnswer].map(([how, absent]) => `${absent.join(", ")}: ${how}`);
  return `Left out: ${tests === 1 ? "1 test" : `${tests} tests`}, since there is ${answers.join("; ")}.${known}`;
}
