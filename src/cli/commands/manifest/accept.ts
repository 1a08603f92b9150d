import { acceptRequests, reviewManifest } from "../../../sandbox/manifest/review-manifest.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine, styled } from "../../output/terminal.ts";

/** `cordon manifest accept FILE`: shows what is new of what it asks for, and accepts it. Returns the exit code. */
export async function manifestAcceptCommand(
  file: string,
  { component, json }: { readonly component?: string; readonly json?: boolean },
): Promise<number> {
  try {
    const reviewed = await reviewManifest(file, component);
    const { manifest, subject, added } = reviewed;
    acceptRequests(reviewed);
    const { name, version } = manifest;
    if (json === true) {
      printJson({ status: "ok", component: subject.component, name, version, added }, process.stdout);
      return EXIT.done;
    }
    const out = process.stdout;
    for (const text of added) out.write(`${styled("bad", "+", out)} ${neutralisedLine(text)}\n`);
    const what = added.length === 0 ? "nothing new of" : "what is asked for by";
    out.write(`Accepted ${what} ${neutralisedLine(`${name} ${version}`)}, for ${neutralisedLine(subject.component)}\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}
