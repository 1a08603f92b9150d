import { either, options, type Shape, text, truth } from "../options/shape.ts";

/** Which manifest a component is opened under; see docs/manifests.md. */
export type ManifestInput =
  | string
  | {
      /** The path of the manifest. */
      readonly file: string;
      /** Whether what it asks for counts as accepted, whatever an operator has accepted; default `false`. Grants nothing. */
      readonly accept?: boolean | undefined;
      /** Where accepted requests are kept; default `$XDG_STATE_HOME/cordon/accepted`. */
      readonly acceptedDirectory?: string | undefined;
      /** The path of a component: the manifest counts only where it is there and names this as its module; default: it has to be there. */
      readonly onlyFor?: string | undefined;
    };

type ManifestOptions = Exclude<ManifestInput, string>;

const members = options<ManifestOptions>({ file: text, accept: truth, acceptedDirectory: text, onlyFor: text });

const object: Shape<ManifestOptions> = (value, path, faults) => {
  const read = members(value, path, faults);
  if (read === undefined || read.file !== undefined) return read;
  faults.add(path, "it needs file: the path of the manifest");
  return undefined;
};

export const manifestInput: Shape<ManifestInput> = either((value) => typeof value === "string", text, object);

/** The same in one form. */
export function manifestOptions(given: ManifestInput): ManifestOptions {
  return typeof given === "string" ? { file: given } : given;
}
