import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import type { AuditEvent } from "../../../audit/event.ts";
import { parseArguments } from "../../../component/values/parse-argument.ts";
import { isCommand } from "../../../sandbox/loading/entries.ts";
import { findExport } from "../../../sandbox/loading/exports.ts";
import type { LearnedDocument } from "../../../sandbox/policy/learn/learned-document.ts";
import { openToLearn } from "../../../sandbox/policy/learn/open-to-learn.ts";
import type { Sandbox } from "../../../sandbox/sandbox.ts";
import { CordonError, messageOf } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { componentSource } from "../../flags/component-file.ts";
import { Interruption } from "../../interruption.ts";
import { auditLine } from "../../output/audit-lines.ts";
import { EXIT, exitCodeOf } from "../../output/exit-codes.ts";
import { fail, reportFailure } from "../../output/failure.ts";
import { guestOutput } from "../../output/guest-output.ts";
import { neutralised, neutralisedLine, writeNote } from "../../output/terminal.ts";

/** The flags of `policy learn`, as parsed. */
export interface PolicyLearnFlags {
  readonly fence?: string;
  readonly output?: string;
  readonly stdin?: boolean;
}

/** How many denials are printed. */
const MAX_SHOWN = 100;

/**
 * `cordon policy learn COMPONENT [--fence DOC] -- [EXPORT] [ARG...]`: runs it within the fence, and writes the smallest document that
 * covers what it used. The exit code is that of the run.
 */
export async function policyLearnCommand(
  file: string,
  words: readonly string[],
  flags: PolicyLearnFlags,
): Promise<number> {
  using interruption = new Interruption();
  const { signal } = interruption;
  let denials = 0;
  const onEvent = (event: AuditEvent): void => {
    if (event.result !== "Denied") return;
    denials += 1;
    if (denials <= MAX_SHOWN) process.stderr.write(`${auditLine(event, process.stderr)}\n`);
  };
  try {
    const source = await componentSource(file, { signal });
    const { sandbox, document } = await openToLearn(source, flags.fence, { signal, onEvent });
    await using open = sandbox;
    if (flags.fence === undefined) {
      writeNote(
        "without --fence nothing is allowed, and so nothing is learned but what needs no grant",
        process.stderr,
      );
    }
    const code = await run(open, words, flags.stdin === true, signal, interruption);
    write(document(), flags.output);
    if (denials > 0) {
      writeNote(`${denials} accesses were outside the fence; they are not in the document`, process.stderr);
    }
    return code;
  } catch (thrown) {
    return fail(thrown, false);
  } finally {
    // A read that waits for input would keep the process.
    if (flags.stdin === true) process.stdin.destroy();
  }
}

/** Runs it as `cordon run` does, with its output on stderr: stdout is the document's. A guest that fails has used what it used. */
async function run(
  sandbox: Sandbox,
  words: readonly string[],
  stdin: boolean,
  signal: AbortSignal,
  interruption: Interruption,
): Promise<number> {
  const output = guestOutput(process.stderr);
  const options = { signal, stdout: output, stderr: output, ...(stdin ? { stdin: process.stdin } : {}) };
  try {
    if (isCommand(sandbox.component.interface)) return (await sandbox.execute(words, options)).exitCode;
    const [name, ...parameters] = words;
    const called = findExport(sandbox.component.interface, name);
    await sandbox.call(called.name, parseArguments(called.function, parameters), options);
    return EXIT.done;
  } catch (thrown) {
    const isOfRun = thrown instanceof CordonError && thrown.usage !== undefined && thrown.code !== "cancelled";
    if (!isOfRun) throw thrown;
    reportFailure(thrown, process.stderr);
    return exitCodeOf(thrown, { interrupted: interruption.exitCode });
  }
}

function write({ shape, notes }: LearnedDocument, output: string | undefined): void {
  const comments = notes.map((note) => `# ${neutralisedLine(note)}\n`).join("");
  // Names are a guest's: in double quotes, what cannot be seen is written as escapes.
  const text = `${comments}${stringify(shape, { defaultKeyType: "PLAIN", defaultStringType: "QUOTE_DOUBLE", lineWidth: 0 })}`;
  if (output === undefined) {
    process.stdout.write(process.stdout.isTTY ? neutralised(text) : text);
    return;
  }
  try {
    writeFileSync(output, text, { mode: 0o600, flag: "wx" });
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    const why = code === "EEXIST" ? "there is such a file already; name another" : messageOf(thrown);
    throw new CordonError("usage", `Cannot write the policy ${quoteText(output)}: ${why}`, { cause: thrown });
  }
}
