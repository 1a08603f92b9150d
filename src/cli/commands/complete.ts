import { isCommand } from "../../sandbox/loading/entries.ts";
import { callableExports, shortestNames } from "../../sandbox/loading/exports.ts";
import { outline } from "../../sandbox/loading/outline.ts";
import { EXIT } from "../output/exit-codes.ts";

/** Nobody waits longer for a completion, in milliseconds. */
const PATIENCE_MS = 3000;

/** What the names of exports are made of. What holds anything else is left out: a shell would have to be told how to take it. */
const PLAIN = /^[a-zA-Z0-9:/#@.+_-]{1,200}$/;

/**
 * `cordon complete FILE`: prints the exports of a component, one a line and as short as they can be written, for the scripts of
 * `cordon completion`. Says nothing where there is nothing to say. Returns the exit code.
 */
export async function completeCommand(file: string): Promise<number> {
  try {
    const { description } = await outline(file, PATIENCE_MS);
    const callable = callableExports(description.interface);
    // The words of a program are its own.
    const lines = isCommand(description.interface) ? [] : shortestNames(callable);
    process.stdout.write(
      lines
        .filter((line) => PLAIN.test(line))
        .map((line) => `${line}\n`)
        .join(""),
    );
    return EXIT.done;
  } catch {
    return EXIT.usage;
  }
}
