import { dirname, join, relative, resolve, sep } from "node:path";
import { MANIFEST_NAME } from "../../../manifest/manifest-file.ts";
import { inspect } from "../../../sandbox/loading/inspect.ts";
import { draftManifest } from "../../../sandbox/manifest/draft-manifest.ts";
import { CordonError } from "../../../shared/errors.ts";
import { writePrivateFile } from "../../../shared/machine/private-file.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine } from "../../output/terminal.ts";

/** `cordon manifest init COMPONENT`: writes a manifest to begin with. Returns the exit code. */
export async function manifestInitCommand(
  component: string,
  { output, json }: { readonly output?: string; readonly json?: boolean },
): Promise<number> {
  try {
    const target = output ?? join(dirname(component), MANIFEST_NAME);
    const module = relative(dirname(resolve(target)), resolve(component))
      .split(sep)
      .join("/");
    if (module.startsWith("../") || module === "") {
      const message = `Cannot write the manifest ${quoteText(target)}: the component is not below its folder; write it beside the component`;
      throw new CordonError("usage", message);
    }
    const text = draftManifest(await inspect(component), module);
    writePrivateFile(target, Buffer.from(text), { existing: "refuse", mode: 0o644 });
    if (json === true) printJson({ status: "ok", output: target }, process.stdout);
    else process.stdout.write(`Wrote ${neutralisedLine(target)}; take out what it does not need\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}
