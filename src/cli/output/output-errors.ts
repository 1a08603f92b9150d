import { EXIT } from "./exit-codes.ts";

/**
 * Deals with output that cannot be written. A reader that has gone, as in `| head -1`, has seen what it wanted: the rest
 * is dropped without a word. Anything else, such as a full disk, is said on stderr, and the process exits with
 * {@link EXIT.output}, since a result that was lost must not look like success, nor like a fault of Cordon.
 */
export function watchOutput(): void {
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    // What is written after this is lost as well; it has been dealt with.
    process.stdout.on("error", () => undefined);
    if (error.code === "EPIPE") return;
    process.stderr.write(`error: Cannot write the output: ${error.code ?? "unknown error"}\n`);
    process.once("exit", () => {
      process.exitCode = EXIT.output;
    });
  });
  // Where diagnostics cannot be written, there is nowhere left to say so.
  process.stderr.on("error", () => undefined);
}
