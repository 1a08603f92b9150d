import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isSecretKey } from "../policy/parsing/parse-secrets.ts";
import { CordonError } from "../shared/errors.ts";
import { readPrivateFile, writePrivateFile } from "../shared/machine/private-file.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import { nearest } from "../shared/text/suggest.ts";
import { decrypted, encrypted, recipientOf } from "./age.ts";
import { secretsDirectory } from "./secrets-directory.ts";
import { MAX_NAME_BYTES, nameStoredAs, storedName } from "./stored-name.ts";

/** The longest value, in bytes. */
export const MAX_VALUE_BYTES: number = 64 * 1024;

/** An encrypted file of one, as JSON, with room to spare. */
const MAX_FILE_BYTES = 8 * MAX_VALUE_BYTES;

const ENCRYPTED = ".age";
const PLAIN = ".plain";

const MAX_LISTED = 10_000;

/** Which secret: a name, for one component. */
export interface SecretName {
  /** The name that the component goes by: that of its file without the extension, unless it was given another. */
  readonly component: string;
  readonly key: string;
}

/** A secret as it is listed. */
export interface ListedSecret extends SecretName {
  /** Whether it is kept as it is, not encrypted. */
  readonly plain: boolean;
}

/** Gives the identity, when it is needed. */
export type Identity = () => Promise<string>;

/** Secrets of components, one file each, in a folder that nobody else can write to. Names are told by the files; values never are. */
export class SecretStore {
  readonly #asked: string | undefined;

  /** @param directory Default `$XDG_CONFIG_HOME/cordon/secrets`. */
  constructor(directory?: string) {
    this.#asked = directory;
  }

  /**
   * Keeps a value, in the place of one of that name.
   *
   * @param identity Whose it is to be; `plain` keeps it as it is.
   * @throws CordonError `usage` for a name or value that none can have, or a folder that is not fit.
   */
  async set(name: SecretName, value: string, identity: Identity | "plain"): Promise<void> {
    const folder = this.#folderOf(name);
    if (value === "" || Buffer.byteLength(value) > MAX_VALUE_BYTES || !value.isWellFormed()) {
      throw new CordonError("usage", `Cannot keep ${shown(name)}: its value is text of 1 to ${MAX_VALUE_BYTES} bytes`);
    }
    const document = Buffer.from(JSON.stringify({ version: 1, ...pick(name), value }));
    const bytes = identity === "plain" ? document : await encrypted(document, await recipientOf(await identity()));
    const [kept, other] = identity === "plain" ? [PLAIN, ENCRYPTED] : [ENCRYPTED, PLAIN];
    const path = join(folder, storedName(name.key));
    writePrivateFile(path + kept, bytes, { existing: "replace" });
    rmSync(path + other, { force: true });
  }

  /**
   * A value.
   *
   * @throws CordonError `usage` when there is none, or it cannot be read.
   */
  async get(name: SecretName, identity: Identity): Promise<string> {
    const path = join(this.#folderOf(name), storedName(name.key));
    const read = (suffix: string): Uint8Array | undefined =>
      readPrivateFile(path + suffix, { maxBytes: MAX_FILE_BYTES, othersMay: "nothing", mayBeLink: false });
    const file = read(ENCRYPTED);
    const document = file === undefined ? read(PLAIN) : await decrypted(file, await identity(), shown(name));
    if (document === undefined) throw this.#absent(name);
    return valueOf(document, name);
  }

  /** What there is, by component and name. */
  list(): readonly ListedSecret[] {
    const root = secretsDirectory(this.#asked);
    const listed: ListedSecret[] = [];
    for (const folder of readdirSync(root, { withFileTypes: true })) {
      const component = folder.isDirectory() ? nameStoredAs(folder.name) : undefined;
      if (component === undefined) continue;
      for (const file of readdirSync(join(root, folder.name))) {
        const [, stem = "", suffix] = /^(.*)(\.age|\.plain)$/su.exec(file) ?? [];
        const key = nameStoredAs(stem);
        if (suffix === undefined || key === undefined || !isSecretKey(key)) continue;
        listed.push({ component, key, plain: suffix === PLAIN });
        if (listed.length > MAX_LISTED)
          throw new CordonError("usage", `Cannot list the secrets: there are over ${MAX_LISTED}`);
      }
    }
    return listed.sort((a, b) => compare(a.component, b.component) || compare(a.key, b.key));
  }

  /** @throws CordonError `usage` when there is none of that name. */
  delete(name: SecretName): void {
    const path = join(this.#folderOf(name), storedName(name.key));
    const found = [path + ENCRYPTED, path + PLAIN].filter((one) => existsSync(one));
    if (found.length === 0) throw this.#absent(name);
    for (const one of found) rmSync(one);
  }

  #folderOf(name: SecretName): string {
    assertSecretName(name);
    return secretsDirectory(this.#asked, storedName(name.component));
  }

  #absent(name: SecretName): CordonError {
    const keys = this.list().filter(({ component }) => component === name.component);
    const meant = nearest(
      name.key,
      keys.map(({ key }) => key),
    );
    const hint =
      meant === undefined
        ? `set it with cordon secret set ${name.key} --component NAME --stdin`
        : `did you mean ${meant}?`;
    return new CordonError("usage", `Cannot find ${shown(name)}: there is none of that name; ${hint}`);
  }
}

/** @throws CordonError `usage` for names that none can have. */
function assertSecretName({ component, key }: SecretName): void {
  if (!isSecretKey(key)) {
    throw new CordonError(
      "usage",
      `Cannot use ${quoteText(key, 100)} as the name of a secret: it is 1 to 64 letters, digits and any of _ . -, beginning with a letter or _`,
    );
  }
  const bytes = Buffer.byteLength(component);
  if (bytes === 0 || bytes > MAX_NAME_BYTES || !component.isWellFormed() || component.includes("\0")) {
    throw new CordonError(
      "usage",
      `Cannot keep secrets for the component ${quoteText(component, 100)}: its name has 1 to ${MAX_NAME_BYTES} bytes; give it another`,
    );
  }
}

/** The file says whose it is, so that one that was moved is not taken for another's. */
function valueOf(document: Uint8Array, name: SecretName): string {
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(document).toString("utf8"));
  } catch {
    found = undefined;
  }
  if (typeof found === "object" && found !== null) {
    const { version, component, key, value } = found as Readonly<Record<string, unknown>>;
    const isIt = version === 1 && component === name.component && key === name.key;
    if (isIt && typeof value === "string") return value;
  }
  throw new CordonError("usage", `Cannot read ${shown(name)}: its file is damaged, or another's`);
}

function shown({ component, key }: SecretName): string {
  return `the secret ${key} of the component ${quoteText(component, 100)}`;
}

function pick({ component, key }: SecretName): SecretName {
  return { component, key };
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
