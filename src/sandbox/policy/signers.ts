import { CordonError } from "../../shared/errors.ts";
import { readSignature } from "../../signing/signature-file.ts";
import { signersAmong } from "../../signing/check-signature.ts";
import { TrustStore } from "../../signing/trust-store.ts";
import { whyNot } from "../../signing/requirement.ts";
import type { SandboxOptions } from "../options/sandbox-options.ts";

/** What counts for a document that is for a signer, as it does where any trusted signature is enough. */
const ANY = { names: "any", threshold: 1, level: "community" } as const;

/**
 * The names of the trusted keys whose signatures of a component hold and count now. Of one that nobody signed, or whose signatures do not
 * hold, there are none, so that documents for its signers are not for it.
 */
export async function signersOf(
  bytes: Uint8Array,
  { signature, signal }: Pick<SandboxOptions, "signature" | "signal">,
): Promise<readonly string[]> {
  const { detached: given, trustDirectory } = signature ?? {};
  const detached = typeof given === "string" ? readSignature(given) : given;
  try {
    const trusted = new TrustStore(trustDirectory).list();
    const signers = await signersAmong(trusted, bytes, { what: "the component", detached, signal });
    return signers.filter((key) => whyNot(key, ANY, Date.now()) === undefined).map(({ name }) => name);
  } catch (thrown) {
    if (thrown instanceof CordonError && thrown.code === "signature") return [];
    throw thrown;
  }
}
