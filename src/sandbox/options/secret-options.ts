import type { SecretRule } from "../../policy/grants.ts";
import { parseSecrets, type SecretInput } from "../../policy/parsing/parse-secrets.ts";
import type { Problems } from "../../policy/problems.ts";
import { CordonError } from "../../shared/errors.ts";
import { shownValue } from "./faults.ts";
import { options, type Shape, text } from "./shape.ts";

/** Where the values of `secrets` are, and what opens them. */
export interface SecretStoreOptions {
  /** The folder; default `$XDG_CONFIG_HOME/cordon/secrets`. */
  readonly directory?: string | undefined;
  /** A file with the identity, which only its user may read; default the variable `CORDON_SECRETS_KEY`, or the file `identity.txt` of the folder. */
  readonly keyFile?: string | undefined;
  /** A program and its arguments, started without a shell, that prints the identity. */
  readonly keyCommand?: readonly string[] | undefined;
}

const words: Shape<readonly string[]> = (value, path, faults) => {
  const isList =
    Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string" && !one.includes("\0"));
  if (isList) return Array.from(value as readonly string[]);
  faults.add(path, `it is a list of a program and its arguments, not ${shownValue(value)}`);
  return undefined;
};

export const secretStoreOptions: Shape<SecretStoreOptions> = options<SecretStoreOptions>({
  directory: text,
  keyFile: text,
  keyCommand: words,
});

/**
 * The rules that are written as `secrets`.
 *
 * @throws CordonError `policy` with what is wrong.
 */
export function secretRules(given: readonly SecretInput[] | undefined): readonly SecretRule[] {
  const problems: Problems = [];
  const rules = parseSecrets(given, problems);
  if (problems.length > 0) throw new CordonError("policy", problems.join("; "));
  return rules;
}
