import { checkDocument } from "../../src/policy/documents/check-document.ts";
import type { Fault } from "../../src/policy/documents/fault.ts";
import type { PolicyDocument } from "../../src/policy/documents/policy-document.ts";
import { translate } from "../../src/policy/documents/translate.ts";
import type { Grants } from "../../src/policy/grants.ts";
import { parseGrants } from "../../src/policy/parsing/parse-grants.ts";

/** The faults of a text, each `line:column message`. */
export function faultsOf(text: string): readonly string[] {
  return checkDocument(text, "policy.yaml").faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

/** A document without faults, as it is in `folder`. */
export function documentOf(text: string, folder = "/"): PolicyDocument {
  const { document, faults } = checkDocument(text, "policy.yaml");
  if (document === undefined) throw new Error(`the document has faults: ${faults.map(faultOnly).join("; ")}`);
  return translate(document, { file: "policy.yaml", folder });
}

/** What a document without faults grants. */
export function grantsOf(text: string, folder = "/", env: Readonly<Record<string, string>> = {}): Grants {
  return parseGrants(documentOf(text, folder).grants, { cwd: "/", env });
}

function faultOnly({ message }: Fault): string {
  return message;
}
