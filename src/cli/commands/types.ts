import { outline } from "../../sandbox/loading/outline.ts";
import { componentSource } from "../flags/component-file.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { printJson } from "../output/json-output.ts";
import { typesOf } from "../output/typescript.ts";

/** `cordon types FILE`: prints TypeScript types of what a component exports. Returns the exit code. */
export async function typesCommand(file: string, { json }: { readonly json?: boolean }): Promise<number> {
  try {
    const { name, description } = await outline(await componentSource(file));
    const types = typesOf(name, description.interface);
    if (json === true) printJson({ status: "ok", types }, process.stdout);
    else process.stdout.write(types);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}
