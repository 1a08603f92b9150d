/** The variable of the process that may hold the identity for secrets. No guest and no program that is started ever gets it. */
export const SECRETS_KEY_VARIABLE = "CORDON_SECRETS_KEY";

/** An environment without the variables that are Cordon's own secrets. */
export function withoutOwnSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const entries = Object.entries(environment).filter(([name]) => name.toUpperCase() !== SECRETS_KEY_VARIABLE);
  return Object.fromEntries(entries);
}
