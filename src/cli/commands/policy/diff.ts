import { diffPolicies } from "../../../sandbox/policy/diff/diff-policies.ts";
import { PolicyError } from "../../../policy/documents/fault.ts";
import { loadDocument } from "../../../policy/documents/load-documents.ts";
import type { PolicyDocument } from "../../../policy/documents/policy-document.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine, styled } from "../../output/terminal.ts";

/** `cordon policy diff A B`: tells what B allows that A does not, and the other way round. Exits with 1 when anything is gained. */
export async function policyDiffCommand(
  first: string,
  second: string,
  { json }: { readonly json?: boolean },
): Promise<number> {
  try {
    const { gained, lost } = diffPolicies(await read(first), await read(second));
    const out = process.stdout;
    if (json === true) printJson({ status: "ok", gained, lost }, out);
    else {
      for (const text of gained) out.write(`${styled("bad", "+", out)} ${neutralisedLine(text)}\n`);
      for (const text of lost) out.write(`${styled("good", "-", out)} ${neutralisedLine(text)}\n`);
      if (gained.length + lost.length === 0) out.write("Both say the same.\n");
    }
    return gained.length > 0 ? EXIT.failed : EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

async function read(file: string): Promise<PolicyDocument> {
  const found = await loadDocument(file);
  if ("faults" in found) throw new PolicyError(found.faults);
  return found.document;
}
