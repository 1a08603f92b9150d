import { beginReading } from "../../sandbox/loading/source.ts";
import { CordonError } from "../../shared/errors.ts";
import { writePrivateFile } from "../../shared/machine/private-file.ts";
import { quoteText } from "../../shared/quote-text.ts";
import { keyIdOf } from "../../signing/ed25519.ts";
import { readKeyPair } from "../../signing/key-files.ts";
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

/** `cordon sign FILE --key KEY (--output OUT | --detached SIG)`: signs a component. Returns the exit code. */
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
    const source = await componentSource(file);
    const { bytes, name } = await beginReading(source)(new AbortController().signal);
    const passphrase = async (): Promise<Uint8Array | undefined> =>
      passphraseFile === undefined ? undefined : readPassphrase(passphraseFile);
    const pair = await readKeyPair(flags.key, passphrase);
    const signed = await signModule(bytes, pair, quoteText(name));
    const written = output === undefined ? signed.signature : signed.bytes;
    writePrivateFile(target, written, { existing: "replace", mode: 0o644 });
    const keyId = Buffer.from(keyIdOf(pair.publicKey)).toString("hex");
    if (flags.json === true) printJson({ status: "ok", output: target, keyId }, process.stdout);
    else process.stdout.write(`Signed with the key ${keyId}: ${neutralisedLine(target)}\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}
