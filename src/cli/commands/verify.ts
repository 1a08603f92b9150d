import { basename } from "node:path";
import { digestOf } from "../../component/digest.ts";
import { isManifestFile, readWithModule } from "../../sandbox/manifest/signed-manifest.ts";
import { manifestSigners } from "../../signing/manifest-signatures.ts";
import { beginReading } from "../../sandbox/loading/source.ts";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { signersAmong } from "../../signing/check-signature.ts";
import { keyIdOf } from "../../signing/ed25519.ts";
import { readPublicKey } from "../../signing/key-files.ts";
import { assertSignedBy, parseRequirement, whyNot } from "../../signing/requirement.ts";
import { readSignature } from "../../signing/signature-file.ts";
import { TrustStore } from "../../signing/trust-store.ts";
import type { TrustedKey } from "../../signing/trusted-key.ts";
import { componentSource } from "../flags/component-file.ts";
import { type SignatureFlags, signatureFromFlags } from "../flags/signature-options.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { printJson } from "../output/json-output.ts";
import { neutralisedLine } from "../output/terminal.ts";

/** The flags of `verify`, as parsed. */
export interface VerifyFlags extends SignatureFlags {
  readonly key?: readonly string[];
  readonly json?: boolean;
}

/** `cordon verify FILE`: says who signed a component, and whether that is enough. Nothing of it is run. Returns the exit code. */
export async function verifyCommand(file: string, flags: VerifyFlags): Promise<number> {
  try {
    const required = signatureFromFlags({ ...flags, requireSignature: flags.requireSignature ?? ["any"] });
    const requirement = required === undefined ? undefined : parseRequirement(required);
    if (requirement === undefined)
      throw new CordonError("usage", "Cannot verify without a requirement: give any or names");
    if (flags.key !== undefined && requirement.names !== "any") {
      throw new CordonError(
        "usage",
        "Cannot verify by --key and by names: names are those of trusted keys; leave one out",
      );
    }
    const keys = flags.key === undefined ? new TrustStore().list() : flags.key.map(givenKey);
    const { what, digest, signers } = isManifestFile(file)
      ? await signersOfManifestFile(file, keys, flags)
      : await signersOfComponent(file, keys, flags);
    const now = Date.now();
    assertSignedBy(requirement, signers, { what, now });
    const shown = signers.map((key) => ({ ...signerDocument(key), against: whyNot(key, requirement, now) }));
    if (flags.json === true) printJson({ status: "ok", digest, signers: shown }, process.stdout);
    else {
      const lines = shown.map(
        ({ name: by, level, keyId, against }) =>
          `  ${neutralisedLine(by)} (${level}, key ${keyId})${against === undefined ? "" : `, not counted: it ${against}`}\n`,
      );
      process.stdout.write(`${what} is what was signed by\n${lines.join("")}`);
    }
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

/** Who signed a file, of those who are known. */
interface Signed {
  /** How messages call it. */
  readonly what: string;
  /** Of the component. */
  readonly digest: string;
  readonly signers: readonly TrustedKey[];
}

async function signersOfComponent(
  file: string,
  keys: readonly TrustedKey[],
  { signature }: VerifyFlags,
): Promise<Signed> {
  const { bytes, name } = await beginReading(await componentSource(file))(new AbortController().signal);
  const detached = signature === undefined ? undefined : readSignature(signature);
  const what = quoteText(name);
  return { what, digest: await digestOf(bytes), signers: await signersAmong(keys, bytes, { what, detached }) };
}

async function signersOfManifestFile(
  file: string,
  keys: readonly TrustedKey[],
  { signature }: VerifyFlags,
): Promise<Signed> {
  if (signature !== undefined) {
    throw new CordonError("usage", "Cannot verify the manifest: its signatures are in it; leave --signature out");
  }
  const what = quoteText(file);
  const manifest = await readWithModule(file);
  return { what, digest: manifest.digest ?? "", signers: manifestSigners(manifest, keys, what) };
}

/** A key that is given for this one time. Its file stands for its name. */
function givenKey(path: string): TrustedKey {
  const [from, until, revoked] = [undefined, undefined, undefined];
  return { name: basename(path), publicKey: readPublicKey(path), level: "community", from, until, revoked };
}

function signerDocument({ name, level, publicKey }: TrustedKey): {
  readonly name: string;
  readonly level: string;
  readonly keyId: string;
} {
  return { name, level, keyId: Buffer.from(keyIdOf(publicKey)).toString("hex") };
}
