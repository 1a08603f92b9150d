import { table } from "../../src/cli/output/table.ts";
import type { Summary } from "./statistics.ts";

/** One table of a benchmark, with what is to be said about it. */
export interface Section {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table. */
  readonly notes: readonly string[];
}

/** What one benchmark found. */
export interface Report {
  readonly title: string;
  /** What is measured, and how, in a sentence or two. */
  readonly method: string;
  readonly sections: readonly Section[];
}

/** One file of `bench/`. */
export interface Benchmark {
  readonly run: () => Promise<Report>;
}

/** A report for a terminal. */
export function asText({ title, method, sections }: Report): string {
  const lines = [`=== ${title}`, method];
  for (const section of sections) {
    lines.push("", section.title, ...table([section.header, ...section.rows]).map((line) => `  ${line}`));
    lines.push(...section.notes.map((note) => `  ${note}`));
  }
  return `${lines.join("\n")}\n`;
}

/** A report for a Markdown file. */
export function asMarkdown({ title, method, sections }: Report): string {
  const lines = [`## ${title}`, "", method];
  for (const section of sections) {
    const rule = section.header.map((_cell, column) => (column === 0 ? ":--" : "--:"));
    lines.push("", `### ${section.title}`, "");
    lines.push(...[section.header, rule, ...section.rows].map((cells) => `| ${cells.join(" | ")} |`));
    if (section.notes.length > 0) lines.push("", ...section.notes.map((note) => `- ${note}`));
  }
  return `${lines.join("\n")}\n`;
}

/** Three significant digits, in the unit of the column. */
export function figure(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The least and the greatest sample. */
export function range({ min, max }: Summary): string {
  return `${figure(min)}–${figure(max)}`;
}

/** A ratio with its unit. */
export function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}

/** Whether an aim was met, as a sentence. `measured` and `atMost` are in the unit that `show` adds. */
export function verdict(
  what: string,
  measured: number,
  atMost: number,
  show: (value: number) => string = times,
): string {
  const outcome = measured <= atMost ? "Met" : "MISSED";
  return `${outcome}: ${what} is ${show(measured)}; the aim is ${show(atMost)} or less.`;
}
