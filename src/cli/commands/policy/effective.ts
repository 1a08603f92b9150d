import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { policyFolders } from "../../../policy/documents/load-documents.ts";
import { faultText } from "../../../policy/documents/fault.ts";
import { sourceName } from "../../../sandbox/loading/source.ts";
import { openPolicy } from "../../../sandbox/policy/open-policy.ts";
import { tightest } from "../../../sandbox/policy/with-policy.ts";
import { CordonError, messageOf } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { jsonText, printJson } from "../../output/json-output.ts";
import { neutralisedLine, writeNote } from "../../output/terminal.ts";

/** The flags of `policy effective`, as parsed. */
export interface PolicyEffectiveFlags {
  readonly policy?: readonly string[];
  readonly json?: boolean;
}

/** `cordon policy effective COMPONENT`: tells which documents are for a component and what they say together. */
export async function policyEffectiveCommand(component: string, flags: PolicyEffectiveFlags): Promise<number> {
  try {
    const subject = { name: sourceName(component), digest: digestOf(component) };
    const { policy } = await openPolicy(flags.policy ?? [], policyFolders(), subject);
    const documents = policy.documents.map(({ file }) => file);
    const { grants, isolation, signatures, secrets, version } = policy;
    const limits = tightest(policy.limits);
    const fences = policy.fences.map((fence) => ({ grants: fence.grants, limits: fence.limits }));
    const effective = { grants, limits, isolation, signatures, secrets, fences };
    if (flags.json === true) printJson({ status: "ok", documents, version, ...effective }, process.stdout);
    else {
      for (const warning of policy.warnings) writeNote(faultText(warning), process.stderr);
      const named = documents.length === 0 ? "no document" : documents.map(neutralisedLine).join(", ");
      process.stdout.write(`${subject.digest} under ${named}: ${version}\n${jsonText(effective)}\n`);
    }
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

function digestOf(component: string): string {
  try {
    return `sha256:${createHash("sha256").update(readFileSync(component)).digest("hex")}`;
  } catch (thrown) {
    const message = `Cannot read the component ${quoteText(component)}: ${messageOf(thrown)}`;
    throw new CordonError("usage", message, { cause: thrown });
  }
}
