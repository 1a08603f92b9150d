import { dirname, join } from "node:path";
import { readYaml } from "../../../policy/documents/read-yaml.ts";
import { faultText } from "../../../policy/documents/fault.ts";
import { readPolicyFile } from "../../../policy/documents/read-file.ts";
import { explain, type PolicyRequest } from "../../../sandbox/policy/explain.ts";
import { openPolicy } from "../../../sandbox/policy/open-policy.ts";
import { CordonError } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { printJson } from "../../output/json-output.ts";
import { neutralisedLine } from "../../output/terminal.ts";

/** One row: an access, and what is to become of it. */
interface Row {
  readonly request: PolicyRequest;
  readonly allowed: boolean;
  readonly line: number;
}

/** How a row came out. */
interface Outcome {
  readonly line: number;
  readonly expected: "allow" | "deny";
  readonly actual: "allow" | "deny";
  readonly reason: string;
}

/** `cordon policy test FILE`: compares the decisions of a policy with the rows of a file. Exits with 1 when one differs. */
export async function policyTestCommand(file: string, { json }: { readonly json?: boolean }): Promise<number> {
  try {
    const { policy: document, rows } = readRows(file);
    const { policy, grants } = await openPolicy([document]);
    const outcomes = rows.map(({ request, allowed, line }): Outcome => {
      const found = explain(request, grants, policy, dirname(file));
      return { line, expected: word(allowed), actual: word(found.allowed), reason: found.reason };
    });
    const wrong = outcomes.filter(({ expected, actual }) => expected !== actual);
    if (json === true) printJson({ status: "ok", rows: outcomes.length, failed: wrong }, process.stdout);
    else {
      for (const { line, expected, actual, reason } of wrong) {
        process.stdout.write(
          neutralisedLine(`${file}:${line}: expected ${expected}, found ${actual}: ${reason}`) + "\n",
        );
      }
      process.stdout.write(`${outcomes.length - wrong.length} of ${outcomes.length} rows are as expected.\n`);
    }
    return wrong.length === 0 ? EXIT.done : EXIT.failed;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

function word(allowed: boolean): "allow" | "deny" {
  return allowed ? "allow" : "deny";
}

const GRAMMAR =
  "write policy: FILE and rows: [{storage: [ACCESS, URI] | network: URL | env: NAME, expect: allow | deny}]";

function readRows(file: string): { readonly policy: string; readonly rows: readonly Row[] } {
  const { document, faults } = readYaml(readPolicyFile(file), file);
  const [fault] = faults;
  if (fault !== undefined) throw new CordonError("policy", `Cannot read the rows: ${faultText(fault)}`);
  const root = document?.value;
  const wrong = (why: string): CordonError =>
    new CordonError("usage", `Cannot read the rows of ${quoteText(file)}: ${why}; ${GRAMMAR}`);
  if (!isMap(root) || typeof root["policy"] !== "string" || !Array.isArray(root["rows"])) {
    throw wrong("it has no policy or no rows");
  }
  const rows = (root["rows"] as readonly unknown[]).map((row, index): Row => {
    const line = document?.positionOf(["rows", index]).line ?? 1;
    const request = isMap(row) ? requestOf(row) : undefined;
    const expect = isMap(row) ? row["expect"] : undefined;
    if (request === undefined || (expect !== "allow" && expect !== "deny")) throw wrong(`line ${line} is no row`);
    return { request, allowed: expect === "allow", line };
  });
  return { policy: join(dirname(file), root["policy"]), rows };
}

function requestOf(row: Readonly<Record<string, unknown>>): PolicyRequest | undefined {
  const { storage, network, env } = row;
  if (Object.keys(row).length !== 2) return undefined;
  if (typeof network === "string") return { kind: "network", url: network };
  if (typeof env === "string") return { kind: "environment", key: env };
  const [access, uri]: readonly unknown[] = Array.isArray(storage) ? storage : [];
  return typeof access === "string" && typeof uri === "string" ? { kind: "storage", access, uri } : undefined;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
