import { createHash } from "node:crypto";
import { isJson } from "./is-json.ts";
import { goOn, jsonAbiGlue, type JsonAbiSettings, returned } from "./json-abi-glue.ts";

// Bundling may rename functions, so the text gives each the name it goes by.
const FUNCTIONS = `const parts = {
isJson: (${isJson.toString()}),
goOn: (${goOn.toString()}),
returned: (${returned.toString()}),
};
const jsonAbiGlue = (${jsonAbiGlue.toString()});
`;

/** Names the glue's text: artifacts made with another are not used. */
export const JSON_ABI_GLUE_HASH: string = createHash("sha256").update(FUNCTIONS).digest("hex").slice(0, 16);

/** The glue of a JSON module: the body of a function that returns `instantiate`. */
export function jsonAbiGlueText(settings: JsonAbiSettings): string {
  return `${FUNCTIONS}return jsonAbiGlue(parts, ${JSON.stringify(settings)});`;
}
