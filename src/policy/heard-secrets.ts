import type { ListenRule, SecretRule } from "./grants.ts";

/**
 * The secrets that a guest could hear itself: those that go out in plain HTTP to a port that it may listen on. HTTPS takes a certificate
 * that the guest does not have.
 */
export function heardSecrets(
  secrets: readonly SecretRule[],
  listen: readonly ListenRule[],
): readonly { readonly secret: SecretRule; readonly rule: ListenRule }[] {
  return secrets.flatMap((secret) => {
    if (!secret.schemes.includes("http")) return [];
    const port = secret.port ?? 80;
    const rule = listen.find(
      ({ schemes, ports }) => schemes.includes("tcp") && ports.some(({ start, end }) => port >= start && port <= end),
    );
    return rule === undefined ? [] : [{ secret, rule }];
  });
}
