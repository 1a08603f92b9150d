import { explain, type Explanation, type PolicyRequest } from "../../../sandbox/policy/explain.ts";
import { openPolicy } from "../../../sandbox/policy/open-policy.ts";
import { CordonError } from "../../../shared/errors.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine, styled } from "../../output/terminal.ts";

/** The flags of `policy explain`, as parsed. */
export interface PolicyExplainFlags {
  readonly storage?: readonly string[];
  readonly network?: string;
  readonly env?: string;
  readonly json?: boolean;
}

/** `cordon policy explain DOC`: tells what becomes of one access, and by which rule. Exits with 3 for one that is denied. */
export async function policyExplainCommand(file: string, flags: PolicyExplainFlags): Promise<number> {
  try {
    const { policy, grants } = await openPolicy([file]);
    const explanation = explain(requestOf(flags), grants, policy, process.cwd());
    if (flags.json === true) printJson({ status: "ok", ...explanation, version: policy.version }, process.stdout);
    else process.stdout.write(`${explanationText(explanation)}\n`);
    return explanation.allowed ? EXIT.done : EXIT.denied;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

/** An explanation on one line. */
function explanationText({ allowed, reason, rule }: Explanation): string {
  const word = allowed ? styled("good", "allow", process.stdout) : styled("bad", "deny", process.stdout);
  const where = rule === undefined ? "" : ` (${rule.place}, ${rule.file}:${rule.line}:${rule.column})`;
  return `${word}: ${neutralisedLine(`${reason}${where}`)}`;
}

function requestOf({ storage, network, env }: PolicyExplainFlags): PolicyRequest {
  const [access = "", uri = "", ...more] = storage ?? [];
  const given = [storage, network, env].filter((one) => one !== undefined);
  if (given.length !== 1 || (storage !== undefined && (uri === "" || more.length > 0))) {
    const message = "Cannot explain: write one of --storage ACCESS URI, --network URL and --env NAME";
    throw new CordonError("usage", message);
  }
  if (network !== undefined) return { kind: "network", url: network };
  return env === undefined ? { kind: "storage", access, uri } : { kind: "environment", key: env };
}
