import { toJson } from "../../component/values/to-json.ts";
import { CordonError, messageOf, type TrapDetail, type TrapFrame } from "../../shared/errors.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { printJson } from "./json-output.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

/** An error as `--json` prints it. */
export interface ErrorDocument {
  readonly code: string;
  readonly message: string;
  readonly limit?: unknown;
  /** Where the guest trapped. */
  readonly trap?: TrapDetail;
  /** What the guest returned as `err`, as JSON. */
  readonly payload?: unknown;
}

/**
 * What was thrown, as data.
 *
 * @param result The type that the called function returns, when a call was made.
 */
export function errorDocument(thrown: unknown, result?: WitType): ErrorDocument {
  const message = describe(thrown);
  if (!(thrown instanceof CordonError)) return { code: "fault", message };
  const { code, limit, trap, payload } = thrown;
  const failed = code === "guest-error" && result?.kind === "result" ? result.err : undefined;
  // What does not match a manifest is an error without a payload.
  const type = payload === undefined && failed?.kind !== "option" ? undefined : failed;
  return {
    code,
    message,
    ...(limit === undefined ? {} : { limit }),
    ...(trap === undefined ? {} : { trap }),
    ...(type === undefined ? {} : { payload: toJson(payload, type) }),
  };
}

/**
 * Says what went wrong: on one line of stderr, and as a document on stdout where that is to be one. Returns the exit code, which what
 * interrupted the command decides where it did.
 */
export function fail(thrown: unknown, json: boolean | undefined, interrupted?: number): number {
  if (json === true) printJson({ status: "error", error: errorDocument(thrown) }, process.stdout);
  reportFailure(thrown, process.stderr);
  return exitCodeOf(thrown, { interrupted });
}

/** Says on one line what went wrong; with `CORDON_DEBUG` set, the stack too. Returns the exit code. */
export function reportFailure(thrown: unknown, stream: Output): number {
  const label = thrown instanceof CordonError ? "error:" : "internal error:";
  stream.write(`${styled("bad", label, stream)} ${neutralisedLine(describe(thrown))}\n`);
  if (thrown instanceof CordonError) for (const frame of thrown.trap?.frames ?? []) stream.write(frameLine(frame));
  if (process.env["CORDON_DEBUG"] !== undefined && thrown instanceof Error) {
    stream.write(`${(thrown.stack ?? "").split("\n").map(neutralisedLine).join("\n")}\n`);
  }
  return exitCodeOf(thrown);
}

function frameLine({ function: called, index, module, offset, fileOffset }: TrapFrame): string {
  const name = called === undefined ? "" : `${neutralisedLine(called)} `;
  const where = offset === undefined || fileOffset === undefined ? "" : ` at ${placeText(offset, fileOffset)}`;
  return `       at ${name}(function ${index} of core module ${module}${where})\n`;
}

/** Where an instruction is, in the file and, where that is more than one core module, in its own. */
function placeText(offset: number, fileOffset: number): string {
  const inModule = offset === fileOffset ? "" : `, 0x${offset.toString(16)} of the module`;
  return `0x${fileOffset.toString(16)} of the file${inModule}`;
}

function describe(thrown: unknown): string {
  const message = messageOf(thrown);
  const reason = thrown instanceof CordonError && thrown.code === "cancelled" ? thrown.cause : undefined;
  return reason instanceof Error ? `${message}: ${messageOf(reason)}` : message;
}
