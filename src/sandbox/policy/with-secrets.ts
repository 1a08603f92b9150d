import type { Grants } from "../../policy/grants.ts";
import { heardSecrets } from "../../policy/heard-secrets.ts";
import { abortable } from "../../shared/abortable.ts";
import { CordonError } from "../../shared/errors.ts";
import type { ReadSandboxOptions } from "../options/sandbox-options.ts";

/** What was granted, with the values of the secrets that a component is to have; without them nothing is granted. */
export async function withSecrets(
  { grants, secretRules, options }: Pick<ReadSandboxOptions, "grants" | "secretRules" | "options">,
  component: string,
): Promise<Grants> {
  if (secretRules.length === 0) return grants;
  try {
    const [heard] = heardSecrets(secretRules, grants.listen);
    if (heard !== undefined) {
      const { secret, rule } = heard;
      const message = `Cannot use the secret ${secret.key}: it goes to ${secret.host} in plain HTTP, on a port that the guest may listen on (${rule.written})`;
      throw new CordonError("policy", `${message}; send it by HTTPS, or grant other ports`);
    }
    const { resolveSecrets } = await import("../../secrets/resolve-secrets.ts");
    const resolved = resolveSecrets(secretRules, component, options.secretStore ?? {});
    const secrets = await (options.signal === undefined ? resolved : abortable(resolved, options.signal));
    return Object.freeze({ ...grants, secrets });
  } catch (thrown) {
    if (options.signal?.aborted !== true) throw thrown;
    const { reason }: { readonly reason: unknown } = options.signal;
    throw new CordonError("cancelled", "Loading the component was cancelled", { cause: reason });
  }
}
