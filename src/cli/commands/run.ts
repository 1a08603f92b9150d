import { fstatSync } from "node:fs";
import { basename } from "node:path";
import { parseArguments } from "../../component/values/parse-argument.ts";
import { toJson } from "../../component/values/to-json.ts";
import { isCommand, isHttpHandler } from "../../sandbox/loading/entries.ts";
import { refuseStreamResult } from "../../sandbox/calls/refuse-handle-result.ts";
import { type CallableExport, findExport } from "../../sandbox/loading/exports.ts";
import type { CallResult } from "../../sandbox/calls/call-result.ts";
import { Sandbox } from "../../sandbox/sandbox.ts";
import { CordonError, type ErrorCode } from "../../shared/errors.ts";
import type { Usage } from "../../shared/limits/usage.ts";
import { AccessLog } from "../output/access-log.ts";
import { logKeeper } from "../output/log-keeper.ts";
import { grantOverAuditFile } from "../output/audit-reach.ts";
import { EXIT, exitCodeOf } from "../output/exit-codes.ts";
import { errorDocument, reportFailure } from "../output/failure.ts";
import { guestOutput } from "../output/guest-output.ts";
import { Interruption } from "../interruption.ts";
import { OutputTail } from "../output/output-tail.ts";
import { printJson } from "../output/json-output.ts";
import { LoadProgress } from "../output/progress.ts";
import { resultText, valueType } from "../output/result-text.ts";
import { outputDocument, programExitCode, runProgram } from "./run-program.ts";
import { manifestNotes } from "../output/manifest-report.ts";
import { manifestFromFlags } from "../flags/manifest-file.ts";
import { componentSource, isStdin } from "../flags/component-file.ts";
import { writableFolders } from "../flags/grants-from-flags.ts";
import { type RunFlags, sandboxOptions } from "../flags/run-options.ts";
import { usageLines } from "../output/usage-table.ts";
import { idleFlags, missingFolderHint } from "../flags/idle-flags.ts";
import { neutralisedLine, styled, writeGuestText, writeNote } from "../output/terminal.ts";

/** What is known of a run by the time it ends. */
interface Known {
  log?: AccessLog;
  interruption?: Interruption;
  called?: CallableExport;
  readonly tail: OutputTail;
}

/**
 * `cordon run FILE [EXPORT] [ARG...]`: calls one export and prints its typed result, or runs a program with all the words as its
 * arguments. Returns the exit code.
 */
export async function runCommand(
  file: string,
  exportName: string | undefined,
  words: readonly string[],
  flags: RunFlags,
): Promise<number> {
  const known: Known = { tail: new OutputTail() };
  try {
    return await run(file, exportName, words, flags, known);
  } catch (thrown) {
    const failure: unknown = known.log?.lost.aborted === true ? known.log.lost.reason : thrown;
    const usage = failure instanceof CordonError ? failure.usage : undefined;
    if (usage !== undefined) showUsage(usage, flags);
    if (failure instanceof CordonError && COULD_LACK_FOLDER.has(failure.code)) {
      known.tail.add(Buffer.from(failure.message));
      hintAtFolder(usage, flags, known.tail);
    }
    if (flags.json === true) {
      const error = errorDocument(failure, known.called?.function.result);
      printJson({ status: "error", error, usage, ...accesses(known.log) }, process.stdout);
    }
    reportFailure(failure, process.stderr);
    return exitCodeOf(failure, { failOnDenied: flags.failOnDenied, interrupted: known.interruption?.exitCode });
  } finally {
    // A read that waits for input would keep the process.
    if (flags.stdin === true) process.stdin.destroy();
  }
}

async function run(
  file: string,
  exportName: string | undefined,
  words: readonly string[],
  flags: RunFlags,
  known: Known,
): Promise<number> {
  if (flags.stdin === true) assertStdinIsReadable();
  // Opening the audit file can block, on a FIFO, so it comes before signals are caught.
  using log = new AccessLog(flags.audit, process.stderr, await logKeeper(flags));
  known.log = log;
  using interruption = new Interruption();
  known.interruption = interruption;
  const signal = AbortSignal.any([interruption.signal, log.lost]);
  using progress = new LoadProgress(basename(file), process.stderr);
  if (isStdin(file) && flags.stdin === true) {
    const message = "Cannot run the component: it comes by stdin, which --stdin would give to it as well; name a file";
    throw new CordonError("usage", message);
  }
  const options = sandboxOptions(flags);
  const source = await componentSource(file, { maxBytes: options.limits?.maxComponentBytes, signal });
  await using sandbox = await Sandbox.open(source, {
    ...options,
    manifest: manifestFromFlags(flags, file),
    signal,
    onEvent: log.record,
    onStage: progress.stage,
  });
  progress[Symbol.dispose]();
  warnOfReachableAudit(flags);
  for (const warning of sandbox.policy?.warnings ?? []) writeNote(warning, process.stderr);
  for (const note of idleFlags(flags, sandbox.component.interface)) writeNote(note, process.stderr);
  if (sandbox.manifest !== undefined) {
    for (const note of manifestNotes(sandbox.manifest)) writeNote(note, process.stderr);
  }

  const { failOnDenied = false, json = false } = flags;
  if (isCommand(sandbox.component.interface)) {
    log.showDeniedOnly();
    const programWords = exportName === undefined ? words : [exportName, ...words];
    const result = await runProgram(sandbox, programWords, {
      signal,
      stdin: flags.stdin === true,
      capture: json,
      tail: known.tail,
    });
    log.lost.throwIfAborted();
    if (result.usage !== undefined) showUsage(result.usage, flags);
    if (result.exitCode !== EXIT.done) hintAtFolder(result.usage, flags, known.tail);
    if (json)
      printJson(
        { ...documentHead(sandbox), ...outputDocument(result), usage: result.usage, ...accesses(log) },
        process.stdout,
      );
    return programExitCode(result, failOnDenied);
  }
  if (exportName === undefined && isHttpHandler(sandbox.component.interface)) {
    throw new CordonError(
      "usage",
      "Cannot run the component: it answers HTTP requests; serve it with cordon serve-http",
    );
  }
  const called = findExport(sandbox.component.interface, exportName);
  known.called = called;
  refuseStreamResult(called);
  const result = await sandbox.call(called.name, parseArguments(called.function, words), {
    signal,
    ...(flags.stdin === true ? { stdin: process.stdin } : {}),
    // Stdout is the result's.
    stdout: known.tail.before(guestOutput(process.stderr)),
    stderr: known.tail.before(guestOutput(process.stderr)),
  });
  log.lost.throwIfAborted();
  showUsage(result.usage, flags);
  if (json) printJson(resultDocument(sandbox, called, result, log), process.stdout);
  else printResult(result.value, called);
  return failOnDenied && result.usage.denials > 0 ? EXIT.denied : EXIT.done;
}

/** Node reads a folder as a stream that is empty. */
function assertStdinIsReadable(): void {
  if (!fstatSync(0).isDirectory()) return;
  throw new CordonError("usage", "Cannot read stdin: it is a folder; give the guest one with --dir");
}

/** Codes of errors that a guest ends with which could not find a file. */
const COULD_LACK_FOLDER: ReadonlySet<ErrorCode> = new Set(["guest-error", "trap"]);

function hintAtFolder(usage: Usage | undefined, flags: RunFlags, { lacksFile }: OutputTail): void {
  const hint = !lacksFile ? undefined : missingFolderHint(flags, usage?.hostCallsByFunction ?? {});
  if (hint !== undefined) writeNote(hint, process.stderr);
}

function showUsage(usage: Usage, { usage: asked }: RunFlags): void {
  if (asked === true) process.stderr.write(`${usageLines(usage).join("\n")}\n`);
}

function printResult(value: unknown, called: CallableExport): void {
  const text = resultText(value, called.function.result, process.stdout.isTTY);
  if (text !== undefined) writeGuestText(text, process.stdout);
}

function documentHead({ component, manifest }: Sandbox): Record<string, unknown> {
  const { name, digest } = component;
  return { status: "ok", component: { name, digest }, ...(manifest === undefined ? {} : { manifest }) };
}

function resultDocument(
  sandbox: Sandbox,
  called: CallableExport,
  { value, usage }: CallResult,
  log: AccessLog,
): Record<string, unknown> {
  const type = valueType(called.function.result);
  return {
    ...documentHead(sandbox),
    export: called.name,
    result: type === undefined ? null : toJson(value, type),
    usage,
    ...accesses(log),
  };
}

/** The first 1,000 accesses, and how many there were. */
function accesses(log: AccessLog | undefined): Record<string, unknown> {
  return { events: log?.events ?? [], eventCount: log?.count ?? 0 };
}

function warnOfReachableAudit(flags: RunFlags): void {
  if (flags.audit === undefined) return;
  const written = grantOverAuditFile(flags.audit, flags.allowFsWrite ?? []);
  const opened = grantOverAuditFile(flags.audit, writableFolders(flags));
  if (written === undefined && opened === undefined) return;
  const flag = written === undefined ? `--dir ${opened ?? ""}` : `--allow-fs-write=${written}`;
  const text = `the guest may write the audit file itself, through ${neutralisedLine(flag)}`;
  process.stderr.write(`${styled("warning", "warning:", process.stderr)} ${text}; keep it elsewhere\n`);
}
