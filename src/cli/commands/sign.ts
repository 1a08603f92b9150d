import { beginReading, type ReadComponent } from "../../sandbox/loading/source.ts";
import { isManifestFile, signedManifest } from "../../sandbox/manifest/signed-manifest.ts";
import { CordonError } from "../../shared/errors.ts";
import { writePrivateFile } from "../../shared/machine/private-file.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { keyIdOf, type KeyPair } from "../../signing/ed25519.ts";
import { readKeyPair } from "../../signing/key-files.ts";
import { signManifest } from "../../signing/manifest-signatures.ts";
import { signModule } from "../../signing/sign-module.ts";
import { componentSource } from "../flags/component-file.ts";
import { readPassphrase } from "../flags/passphrase.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { printJson } from "../output/json-output.ts";
import { neutralisedLine } from "../output/terminal.ts";

/** The flags of `sign`, as parsed. */
export interface SignFlags {
  readonly key: string;
  readonly output?: string;
  readonly detached?: string;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

/** `cordon sign FILE --key KEY (--output OUT | --detached SIG)`: signs a component or manifest. Returns the exit code. */
export async function signCommand(file: string, flags: SignFlags): Promise<number> {
  try {
    const { output, detached, passphraseFile } = flags;
    const target = output ?? detached;
    if (target === undefined || (output !== undefined && detached !== undefined)) {
      throw new CordonError(
        "usage",
        "Cannot sign: give either --output FILE for the signed component or --detached FILE",
      );
    }
    const passphrase = async (): Promise<Uint8Array | undefined> =>
      passphraseFile === undefined ? undefined : readPassphrase(passphraseFile);
    const read = isManifestFile(file) ? undefined : await readComponent(file);
    const pair = await readKeyPair(flags.key, passphrase);
    const written =
      read === undefined ? await manifestText(file, pair, detached) : await componentBytes(read, pair, output);
    writePrivateFile(target, written, { existing: "replace", mode: 0o644 });
    const keyId = Buffer.from(keyIdOf(pair.publicKey)).toString("hex");
    if (flags.json === true) printJson({ status: "ok", output: target, keyId }, process.stdout);
    else process.stdout.write(`Signed with the key ${keyId}: ${neutralisedLine(target)}\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

function readComponent(file: string): Promise<ReadComponent> {
  return componentSource(file).then((source) => beginReading(source)(new AbortController().signal));
}

async function componentBytes(
  { bytes, name }: ReadComponent,
  pair: KeyPair,
  output: string | undefined,
): Promise<Uint8Array> {
  const signed = await signModule(bytes, pair, quoteText(name));
  return output === undefined ? signed.signature : signed.bytes;
}

async function manifestText(file: string, pair: KeyPair, detached: string | undefined): Promise<Uint8Array> {
  if (detached !== undefined) {
    throw new CordonError("usage", "Cannot sign the manifest: its signatures are in it; give --output FILE");
  }
  return Buffer.from(await signedManifest(file, (signed) => signManifest(signed, pair)));
}
