/**
 * Writes what the commands of a document print into it, as a recording: `node scripts/record-session.ts docs/first-minutes.md`. What differs
 * from run to run is written `…`, which the check of the documents takes for any text.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildExampleGuests } from "./build-example-guests.ts";
import { capture } from "./capture.ts";
import { shownCommands } from "./console-blocks.ts";
import { documentFolder } from "./doc-snippets.ts";
import { ensureBuilt } from "./ensure-built.ts";
import { ROOT } from "./exec.ts";
import { fencedBlocks } from "./fenced-blocks.ts";

/** What differs from run to run, and from machine to machine. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/sha256:[0-9a-f]{64}/g, "sha256:…"],
  [/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, "…"],
  [/[\d,]+ bytes in/g, "… bytes in"],
  [/^(Producers +).*$/gm, "$1…"],
];

const [document = "docs/first-minutes.md"] = process.argv.slice(2);

await ensureBuilt();
await buildExampleGuests();
const path = join(ROOT, document);
const text = await readFile(path, "utf8");
const { home, cwd, env } = await documentFolder();
try {
  const lines = text.split("\n");
  // From the last to the first, so that the lines of those that are left stay where they are.
  const recorded: { readonly line: number; readonly count: number; readonly lines: readonly string[] }[] = [];
  for (const block of fencedBlocks(document, text).filter(({ info }) => info[0] === "console")) {
    const shown: string[] = [];
    for (const { command } of shownCommands(block)) {
      const { stdout } = await capture("sh", ["-c", `exec 2>&1\n${command}`], { cwd, env });
      shown.push(`$ ${command}`, ...varyingLeftOut(stdout).split("\n").slice(0, -1));
    }
    recorded.push({ line: block.line, count: block.lines.length, lines: shown });
  }
  for (const { line, count, lines: shown } of recorded.toReversed()) lines.splice(line - 1, count, ...shown);
  await writeFile(path, lines.join("\n"));
} finally {
  await rm(home, { recursive: true, force: true });
}

function varyingLeftOut(printed: string): string {
  const ended = printed === "" || printed.endsWith("\n") ? printed : `${printed}\n`;
  return VARYING.reduce((left, [pattern, replacement]) => left.replaceAll(pattern, replacement), ended);
}
