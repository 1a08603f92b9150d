import { dirname, resolve } from "node:path";
import { checkDocument } from "../../../policy/documents/check-document.ts";
import { type Fault, faultText, ordered } from "../../../policy/documents/fault.ts";
import { readPolicyFile } from "../../../policy/documents/read-file.ts";
import { translate } from "../../../policy/documents/translate.ts";
import { lintDocument } from "../../../sandbox/policy/lint.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine, styled } from "../../output/terminal.ts";

/** The flags of `policy check`, as parsed. */
export interface PolicyCheckFlags {
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** `cordon policy check FILE...`: tells every fault and whatever is odd. Returns the exit code. */
export function policyCheckCommand(files: readonly string[], { strict = false, json }: PolicyCheckFlags): number {
  try {
    const found = files.map((file) => checkFile(file));
    const faults = found.flatMap((one) => one.faults);
    const warnings = found.flatMap((one) => one.warnings);
    const isWrong = faults.length > 0 || (strict && warnings.length > 0);
    if (json === true) {
      printJson({ status: isWrong ? "error" : "ok", faults, warnings }, process.stdout);
    } else {
      for (const fault of faults) print("bad", "error:", fault);
      for (const warning of warnings) print(strict ? "bad" : "warning", strict ? "error:" : "warning:", warning);
      if (!isWrong) process.stdout.write(`${files.length === 1 ? "The policy is" : "The policies are"} right.\n`);
    }
    return isWrong ? EXIT.usage : EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

function checkFile(file: string): { readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] } {
  const { document, faults } = checkDocument(readPolicyFile(file), file);
  if (document === undefined) return { faults, warnings: [] };
  const translated = translate(document, { file, folder: dirname(resolve(file)) });
  return { faults: [], warnings: ordered([...translated.warnings, ...lintDocument(translated)]) };
}

function print(style: "bad" | "warning", label: string, fault: Fault): void {
  process.stderr.write(`${styled(style, label, process.stderr)} ${neutralisedLine(faultText(fault))}\n`);
}
