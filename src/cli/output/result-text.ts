import { printWave } from "../../component/values/print-wave.ts";
import { toJson } from "../../component/values/to-json.ts";
import { CordonError } from "../../shared/errors.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { jsonText } from "./json-output.ts";

/** The type of what a call returns: that of `ok` for a function that returns a `result`. */
export function valueType(result: WitType | undefined): WitType | undefined {
  return result?.kind === "result" ? result.ok : result;
}

/**
 * What a call returned, as text: a string as it is, anything else as WAVE, or as JSON where the component uses a name
 * that WAVE cannot write. `undefined` for a function that returns nothing.
 *
 * @param result The type that the function returns.
 * @param indent Whether long values are broken into lines.
 * @throws CordonError `unsupported` for a value that has no text, such as a resource.
 */
export function resultText(value: unknown, result: WitType | undefined, indent: boolean): string | undefined {
  const type = valueType(result);
  if (type === undefined) return undefined;
  if (type.kind === "string" && typeof value === "string") return value;
  try {
    return printWave(value, type, { indent });
  } catch (thrown) {
    if (!(thrown instanceof CordonError)) throw thrown;
    return jsonText(toJson(value, type));
  }
}
