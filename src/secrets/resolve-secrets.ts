import type { HttpSecret, SecretRule } from "../policy/grants.ts";
import { CordonError } from "../shared/errors.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import { identityFrom, type IdentitySource } from "./identity.ts";
import { SecretStore } from "./secret-store.ts";

/**
 * The values of the secrets that a component's requests are to have. It gets those of its own name alone.
 *
 * @throws CordonError `usage` when one is not there, cannot be read, or cannot be the value of a header.
 */
export async function resolveSecrets(
  rules: readonly SecretRule[],
  component: string,
  source: IdentitySource,
): Promise<readonly HttpSecret[]> {
  const store = new SecretStore(source.directory);
  let asked: Promise<string> | undefined;
  const identity = (): Promise<string> => (asked ??= identityFrom(source));
  const secrets: HttpSecret[] = [];
  for (const rule of rules) {
    const value = await store.get({ component, key: rule.key }, identity);
    if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/u.test(value)) {
      const what = `the secret ${rule.key} of the component ${quoteText(component, 100)}`;
      throw new CordonError("usage", `Cannot put ${what} into a header: its value is not one line of visible ASCII`);
    }
    secrets.push(Object.freeze({ ...rule, value }));
  }
  return Object.freeze(secrets);
}
