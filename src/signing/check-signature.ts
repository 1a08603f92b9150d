import { assertSignedBy, type SignatureRequirement } from "./requirement.ts";
import { TrustStore } from "./trust-store.ts";
import type { TrustedKey } from "./trusted-key.ts";
import { verifyModule } from "./verify-module.ts";

/** How a file's signatures are checked against what is required of them. */
export interface SignatureCheck {
  /** How messages call the file. */
  readonly what: string;
  readonly requirement: SignatureRequirement;
  /** The content of a detached signature. */
  readonly detached?: Uint8Array | undefined;
  /** Where the trusted keys are; default `$XDG_CONFIG_HOME/cordon/trust`. */
  readonly trustDirectory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that a Wasm file was signed by whom it has to be, as the trust store says now.
 *
 * @returns The keys that count, at least as many as are needed.
 * @throws CordonError `signature` when it was not, or that cannot be found out.
 */
export async function checkSignature(bytes: Uint8Array, check: SignatureCheck): Promise<readonly TrustedKey[]> {
  const { what, requirement, detached, trustDirectory, signal } = check;
  const trusted = new TrustStore(trustDirectory).list();
  const signers = await signersAmong(trusted, bytes, { what, detached, signal });
  return assertSignedBy(requirement, signers, { what, now: Date.now() });
}

/**
 * Those of the keys that signed a file, whether or not they count.
 *
 * @throws CordonError `signature` as `verifyModule` does.
 */
export async function signersAmong(
  keys: readonly TrustedKey[],
  bytes: Uint8Array,
  options: Pick<SignatureCheck, "what" | "detached" | "signal">,
): Promise<readonly TrustedKey[]> {
  const signed = new Set(await verifyModule(bytes, { ...options, keys: keys.map(({ publicKey }) => publicKey) }));
  return keys.filter(({ publicKey }) => signed.has(publicKey));
}
