import { parseArguments } from "../component/values/parse-argument.ts";
import { printWave } from "../component/values/print-wave.ts";
import { toJson } from "../component/values/to-json.ts";
import { findExport } from "../sandbox/exports.ts";
import { type CallResult, Sandbox } from "../sandbox/sandbox.ts";
import { CordonError } from "../shared/errors.ts";
import type { WitFunction, WitType } from "../shared/wit.ts";
import { AccessLog } from "./access-log.ts";
import { errorDocument, reportFailure } from "./failure.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { LoadProgress } from "./progress.ts";
import { type RunFlags, sandboxOptions } from "./run-options.ts";
import { writeGuestText } from "./terminal.ts";

/** `cordon run FILE [EXPORT] [ARG...]`: calls one export and prints its typed result. Returns the exit code. */
export async function runCommand(
  file: string,
  exportName: string | undefined,
  words: readonly string[],
  flags: RunFlags,
): Promise<number> {
  using log = new AccessLog(flags.audit, flags.json === true ? undefined : process.stderr);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort(new Error("interrupted"));
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  try {
    using progress = new LoadProgress(file, process.stderr);
    const options = { ...sandboxOptions(flags, log.record), signal: interrupt.signal, onStage: progress.stage };
    await using sandbox = await Sandbox.open(file, options);
    progress[Symbol.dispose]();
    const called = findExport(sandbox.component.interface, exportName);
    const parameters = parseArguments(called.function, words);
    const result = await sandbox.call(called.name, parameters, { signal: interrupt.signal });
    log.assertWritten();
    if (flags.json === true) printJson(documentOf(sandbox, called.name, called.function, result, log));
    else printValue(result.value, called.function.result);
    return flags.failOnDenied === true && result.usage.denials > 0 ? EXIT.denied : EXIT.done;
  } catch (thrown) {
    if (flags.json !== true) return reportFailure(thrown, process.stderr);
    const usage = thrown instanceof CordonError ? thrown.usage : undefined;
    const payload =
      thrown instanceof CordonError && thrown.code === "guest-error" ? { payload: plain(thrown.payload) } : {};
    printJson({ status: "error", error: { ...errorDocument(thrown), ...payload }, usage, events: log.events });
    return exitCodeOf(thrown);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** The type of what a call returns: of `ok` for a function that returns a `result`. */
function valueType(type: WitType | undefined): WitType | undefined {
  return type?.kind === "result" ? type.ok : type;
}

function printValue(value: unknown, result: WitType | undefined): void {
  const type = valueType(result);
  if (type === undefined) return;
  if (type.kind === "string" && typeof value === "string") writeGuestText(value, process.stdout);
  else writeGuestText(printWave(value, type), process.stdout);
}

function documentOf(
  sandbox: Sandbox,
  name: string,
  fn: WitFunction,
  { value, usage }: CallResult,
  log: AccessLog,
): Record<string, unknown> {
  const type = valueType(fn.result);
  const { name: component, digest } = sandbox.component;
  return {
    status: "ok",
    component: { name: component, digest },
    export: name,
    result: type === undefined ? null : toJson(value, type),
    usage,
    events: log.events,
  };
}

function printJson(document: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}

/** An error payload as JSON, with 64-bit integers as strings. */
function plain(payload: unknown): unknown {
  return typeof payload === "bigint" ? payload.toString() : payload;
}
