import { keyIdOf } from "../../signing/ed25519.ts";
import { type KeyFormat, publicPathOf, writeKeyPair } from "../../signing/key-files.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { printJson } from "../output/json-output.ts";
import { neutralisedLine } from "../output/terminal.ts";
import { readPassphrase } from "../flags/passphrase.ts";

/** The flags of `keygen`, as parsed. */
export interface KeygenFlags {
  readonly passphraseFile?: string;
  readonly format: KeyFormat;
  readonly json?: boolean;
}

/** `cordon keygen PATH`: makes a key pair to sign with, as PATH and PATH.pub. Returns the exit code. */
export async function keygenCommand(path: string, { passphraseFile, format, json }: KeygenFlags): Promise<number> {
  try {
    const passphrase = passphraseFile === undefined ? undefined : await readPassphrase(passphraseFile);
    const { publicKey } = await writeKeyPair(path, passphrase, format);
    const keyId = Buffer.from(keyIdOf(publicKey)).toString("hex");
    const publicPath = publicPathOf(path);
    if (json === true) {
      printJson({ status: "ok", secretKey: path, publicKey: publicPath, keyId }, process.stdout);
    } else {
      const [secret, shared] = [path, publicPath].map(neutralisedLine);
      process.stdout.write(
        `Key ${keyId}\n  ${secret}  keep it to yourself\n  ${shared}  give it to those who run what you sign\n`,
      );
    }
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}
