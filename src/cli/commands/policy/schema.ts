import { policyJsonSchema } from "../../../policy/documents/schema.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { printJson } from "../../output/json-output.ts";

/** `cordon policy schema`: prints the JSON Schema of policy documents. */
export function policySchemaCommand(): number {
  printJson(policyJsonSchema(), process.stdout);
  return EXIT.done;
}
