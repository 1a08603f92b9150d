import type { RequirementInput } from "../../signing/requirement.ts";
import { PUBLISHER_LEVELS, type PublisherLevel } from "../../shared/publisher-level.ts";
import { shownValue } from "./faults.ts";
import { a, either, oneOf, options, type Shape, text, wholeNumber } from "./shape.ts";

/** Who has to have signed a component, or else nothing of it is run; see docs/signing.md. */
export interface SignatureInput extends RequirementInput {
  /** `"none"`, `"any"` key that is trusted, or the names of keys. */
  readonly require: "none" | "any" | readonly string[];
  /** How many different keys; default 1 of any, and all that are named. */
  readonly threshold?: number | undefined;
  /** The least level of publishers whose signatures count; default `community`. */
  readonly level?: PublisherLevel | undefined;
  /** A signature that is not in the component: its bytes, or the path of its file. */
  readonly detached?: Uint8Array | string | undefined;
  /** Where the trusted keys are; default `$XDG_CONFIG_HOME/cordon/trust`. */
  readonly trustDirectory?: string | undefined;
}

const names: Shape<readonly string[]> = (value, path, faults) => {
  const isList = Array.isArray(value) && value.length <= 1_000 && value.every((one) => typeof one === "string");
  if (isList) return Array.from(value as readonly string[]);
  faults.add(path, `it is "none", "any" or a list of names of keys, not ${shownValue(value)}`);
  return undefined;
};

const members = options<SignatureInput>({
  require: either((value) => value === "none" || value === "any", oneOf("none", "any"), names),
  threshold: wholeNumber(1, 256),
  level: oneOf(...PUBLISHER_LEVELS),
  detached: either(
    (value) => typeof value === "string",
    text,
    a<Uint8Array>("a path or a Uint8Array", (value) => value instanceof Uint8Array),
  ),
  trustDirectory: text,
});

/** Read, and copied: nothing of it changes after the check. */
export const signatureInput: Shape<SignatureInput> = (value, path, faults) => {
  const read = members(value, path, faults);
  if (read === undefined) return undefined;
  if (read.require === undefined) {
    faults.add(path, 'it needs require: "none", "any" or a list of names of keys');
    return undefined;
  }
  return read.detached instanceof Uint8Array ? { ...read, detached: new Uint8Array(read.detached) } : read;
};
