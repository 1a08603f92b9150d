import { join } from "node:path";
import { SECRETS_KEY_VARIABLE } from "../shared/own-variables.ts";
import { CordonError } from "../shared/errors.ts";
import { readPrivateFile, writePrivateFile } from "../shared/machine/private-file.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import { newIdentity } from "./age.ts";
import { commandOutput } from "./command-output.ts";
import { secretsDirectory } from "./secrets-directory.ts";

/** Where the identity comes from that secrets are encrypted for. The first of these that is given. */
export interface IdentitySource {
  /** A program and its arguments, started without a shell, that prints it. */
  readonly keyCommand?: readonly string[] | undefined;
  /** A file that only its user may read. */
  readonly keyFile?: string | undefined;
  /** Where secrets are kept, whose file `identity.txt` is the last that is asked; default `$XDG_CONFIG_HOME/cordon/secrets`. */
  readonly directory?: string | undefined;
}

/** Identity files of `age-keygen` are smaller. */
const MAX_FILE_BYTES = 16 * 1024;

/**
 * The identity, by the command, the file, the variable `CORDON_SECRETS_KEY`, or the store's own file.
 *
 * @throws CordonError `usage` when there is none, or it cannot be read.
 */
export async function identityFrom({ keyCommand, keyFile, directory }: IdentitySource): Promise<string> {
  if (keyCommand !== undefined)
    return identityIn(await commandOutput(keyCommand, MAX_FILE_BYTES), "what the key command printed");
  if (keyFile !== undefined) return identityIn(existing(keyFile), quoteText(keyFile));
  const variable = process.env[SECRETS_KEY_VARIABLE];
  if (variable !== undefined) return identityIn(Buffer.from(variable), SECRETS_KEY_VARIABLE);
  const own = ownIdentityFile(directory);
  const bytes = readPrivateFile(own, { maxBytes: MAX_FILE_BYTES, othersMay: "nothing" });
  if (bytes !== undefined) return identityIn(bytes, quoteText(own));
  throw new CordonError(
    "usage",
    `Cannot find the identity for secrets: make one with cordon secret keygen, or set ${SECRETS_KEY_VARIABLE}`,
  );
}

/**
 * Makes the identity that is used where no other is given, unless there is one.
 *
 * @returns The path of its file.
 * @throws CordonError `usage` when there is one already.
 */
export async function makeOwnIdentity(directory?: string): Promise<string> {
  const path = ownIdentityFile(directory);
  writePrivateFile(path, Buffer.from(`${await newIdentity()}\n`), { existing: "refuse" });
  return path;
}

function ownIdentityFile(directory: string | undefined): string {
  return join(secretsDirectory(directory), "identity.txt");
}

/** The first line that is no comment, as in files of `age-keygen`. */
function identityIn(bytes: Uint8Array, what: string): string {
  const lines = Buffer.from(bytes).toString("utf8").split(/\r?\n/u);
  const found = lines.map((line) => line.trim()).find((line) => line !== "" && !line.startsWith("#"));
  if (found !== undefined && /^AGE-SECRET-KEY-[0-9A-Z-]{20,3000}$/u.test(found)) return found;
  // Whatever it is, it may be a secret: nothing of it is told.
  throw new CordonError("usage", `Cannot use ${what} as the identity for secrets: it begins with AGE-SECRET-KEY-1`);
}

function existing(path: string): Uint8Array {
  const bytes = readPrivateFile(path, { maxBytes: MAX_FILE_BYTES, othersMay: "nothing" });
  if (bytes !== undefined) return bytes;
  throw new CordonError("usage", `Cannot read the identity ${quoteText(path)}: there is no such file; check the path`);
}
