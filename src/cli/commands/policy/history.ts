import { PolicyHistory, type PolicyVersion } from "../../../sandbox/policy/live/policy-history.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine, styled } from "../../output/terminal.ts";

/** How much of a version is shown: enough to name it. */
const SHOWN = 19;

/** `cordon policy history`: lists the versions of policies that were in force, the latest last. */
export function policyHistoryCommand({ json }: { readonly json?: boolean }): number {
  try {
    const versions = new PolicyHistory().list();
    if (json === true) printJson({ status: "ok", versions }, process.stdout);
    else for (const one of versions) show(one);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

/** `cordon policy rollback [VERSION]`: puts the documents of a version back. */
export function policyRollbackCommand(version: string | undefined, { json }: { readonly json?: boolean }): number {
  try {
    const restored = new PolicyHistory().rollBack(version);
    if (json === true) printJson({ status: "ok", restored }, process.stdout);
    else {
      const files = restored.documents.map(({ file }) => neutralisedLine(file)).join(", ");
      process.stdout.write(`${restored.version.slice(0, SHOWN)} is in ${files} again.\n`);
    }
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

function show({ version, at, component, user, pid, by, gained = [], lost = [] }: PolicyVersion): void {
  const out = process.stdout;
  const who = neutralisedLine(`${user} (process ${pid}, ${by})`);
  out.write(`${at} ${version.slice(0, SHOWN)} ${neutralisedLine(component)}, by ${who}\n`);
  for (const text of gained) out.write(`  ${styled("bad", "+", out)} ${neutralisedLine(text)}\n`);
  for (const text of lost) out.write(`  ${styled("good", "-", out)} ${neutralisedLine(text)}\n`);
}
