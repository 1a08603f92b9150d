import { CordonError, messageOf } from "../shared/errors.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

/** An error as `--json` prints it. */
export interface ErrorDocument {
  readonly code: string;
  readonly message: string;
  readonly limit?: unknown;
}

/** What was thrown, as data. */
export function errorDocument(thrown: unknown): ErrorDocument {
  if (!(thrown instanceof CordonError)) return { code: "fault", message: messageOf(thrown) };
  const { code, message, limit } = thrown;
  return limit === undefined ? { code, message } : { code, message, limit };
}

/** Says on one line what went wrong; with `CORDON_DEBUG` set, the stack too. Returns the exit code. */
export function reportFailure(thrown: unknown, stream: Output): number {
  const known = thrown instanceof CordonError;
  const message = neutralisedLine(messageOf(thrown));
  const label = known ? "error" : "internal error";
  stream.write(`${styled("bad", `${label}:`, stream)} ${message}\n`);
  if (process.env["CORDON_DEBUG"] !== undefined && thrown instanceof Error) {
    stream.write(`${neutralisedStack(thrown)}\n`);
  }
  return exitCodeOf(thrown);
}

function neutralisedStack(error: Error): string {
  return (error.stack ?? "").split("\n").map(neutralisedLine).join("\n");
}
