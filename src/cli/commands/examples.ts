import { constants } from "node:fs";
import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { assetPath } from "../../shared/machine/bundled.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { neutralisedLine } from "../output/terminal.ts";

/** Where the files lie in the package. */
const SOURCES = ["examples", "demo", "skills"] as const;

/** What is there for another purpose. */
const LEFT_OUT: ReadonlySet<string> = new Set(["skill-scanner.wasm"]);

/** `cordon examples FOLDER`: writes small components to try things with. Files that are there stay. Returns the exit code. */
export async function examplesCommand(folder: string): Promise<number> {
  try {
    const files = await Promise.all(
      SOURCES.map(async (source) => (await readdir(assetPath(source))).map((name) => ({ source, name }))),
    );
    const written = files.flat().filter(({ name }) => !LEFT_OUT.has(name));
    try {
      await mkdir(folder, { recursive: true });
      const there = new Set(await readdir(folder));
      const taken = written.find(({ name }) => there.has(name));
      if (taken !== undefined) throw new Error(`${taken.name} is there already`);
      for (const { source, name } of written) {
        await copyFile(assetPath(`${source}/${name}`), join(folder, name), constants.COPYFILE_EXCL);
      }
    } catch (thrown) {
      const why = messageOf(thrown).replace(/, \w+ '.*$/, "");
      const message = `Cannot write the examples to ${quoteText(folder)}: ${why}; name a folder that is empty or not there`;
      throw new CordonError("usage", message, { cause: thrown });
    }
    const names = written.map(({ name }) => name).sort();
    process.stdout.write(`Wrote ${names.slice(0, -1).join(", ")} and ${names.at(-1)} to ${neutralisedLine(folder)}\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, false);
  }
}
