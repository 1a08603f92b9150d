import { checkShape, type DocumentKind } from "./check-shape.ts";
import { type Fault, ordered } from "./fault.ts";
import type { PolicyShape } from "./policy-shape.ts";
import { type ReadDocument, readYaml } from "./read-yaml.ts";
import { policySchema } from "./schema.ts";

/** A document that is right, as far as it can be told from its text. */
export interface CheckedDocument {
  readonly read: ReadDocument;
  readonly shape: PolicyShape;
}

const POLICY: DocumentKind<PolicyShape> = {
  schema: policySchema,
  refusedKeys: new Map([
    ["defaults", "nothing is granted that no document names, so there are no defaults to take; write each grant"],
  ]),
};

/** Reads and checks a document. All of its faults, or the document. */
export function checkDocument(
  text: string,
  file: string,
): { readonly document?: CheckedDocument; readonly faults: readonly Fault[] } {
  const { document: read, faults } = readYaml(text, file);
  if (read === undefined) return { faults: ordered(faults) };
  const checked = checkShape(read, file, POLICY);
  return "shape" in checked ? { document: { read, shape: checked.shape }, faults: [] } : checked;
}
