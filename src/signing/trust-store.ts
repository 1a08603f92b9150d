import { readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { CordonError, messageOf } from "../shared/errors.ts";
import { privateDirectory } from "../shared/machine/private-directory.ts";
import { readPrivateFile, writePrivateFile } from "../shared/machine/private-file.ts";
import { configDirectory } from "../shared/machine/xdg.ts";
import { quoteText } from "../shared/text/quote-text.ts";
import { nearest } from "../shared/text/suggest.ts";
import { assertKeyName, decodeTrustedKey, encodeTrustedKey, type TrustedKey } from "./trusted-key.ts";

const SUFFIX = ".json";

const MAX_KEYS = 1_000;
const MAX_FILE_BYTES = 16 * 1024;

/**
 * The keys that an operator trusts, one file each in a folder that nobody else can write to. Whatever is wrong in it is an error: nothing
 * is trusted on the word of a store that cannot be read.
 */
export class TrustStore {
  readonly #asked: string | undefined;

  /** @param directory Default `$XDG_CONFIG_HOME/cordon/trust`. */
  constructor(directory?: string) {
    const config = configDirectory();
    this.#asked = directory ?? (config === undefined ? undefined : join(config, "trust"));
  }

  /**
   * All keys, by name; those that are revoked or whose time is over as well.
   *
   * @throws CordonError `signature` when the folder, or a file in it, is none to rely on.
   */
  list(): readonly TrustedKey[] {
    const directory = this.#directory();
    const names = readdirSync(directory)
      .filter((name) => name.endsWith(SUFFIX) && !name.startsWith("."))
      .sort();
    if (names.length > MAX_KEYS) {
      throw new CordonError(
        "signature",
        `Cannot use the trusted keys in ${quoteText(directory)}: there are over ${MAX_KEYS}`,
      );
    }
    const keys = names.flatMap((name) => read(join(directory, name), name.slice(0, -SUFFIX.length)) ?? []);
    assertOnce(keys);
    return keys;
  }

  /**
   * Adds a key.
   *
   * @throws CordonError `usage` when its name or the key itself is there already; else as {@link list}.
   */
  add(key: TrustedKey): void {
    assertKeyName(key.name);
    const same = this.list().find(
      ({ name, publicKey }) => name === key.name || Buffer.from(publicKey).equals(key.publicKey),
    );
    if (same !== undefined) {
      const state = same.revoked === undefined ? "is there already" : "is revoked";
      const which = same.name === key.name ? "a key of that name" : `the same key, as ${quoteText(same.name)},`;
      throw new CordonError("usage", `Cannot trust ${quoteText(key.name)}: ${which} ${state}`);
    }
    writePrivateFile(join(this.#directory(), key.name + SUFFIX), encodeTrustedKey(key), { existing: "refuse" });
  }

  /**
   * Forgets a key. One that was revoked stays known as such, so that it cannot come back under another name.
   *
   * @throws CordonError `usage` when there is none of that name or it is revoked; else as {@link list}.
   */
  remove(name: string): void {
    const { revoked } = this.#named(name);
    if (revoked !== undefined) {
      throw new CordonError(
        "usage",
        `Cannot remove ${quoteText(name)}: it is revoked, and stays known so that nobody trusts it again`,
      );
    }
    unlinkSync(join(this.#directory(), name + SUFFIX));
  }

  /**
   * Has a key count for nothing any more, for what it signed before, too.
   *
   * @throws CordonError `usage` when there is none of that name; else as {@link list}.
   */
  revoke(name: string, reason: string | undefined, now: number = Date.now()): TrustedKey {
    const key = this.#named(name);
    if (key.revoked !== undefined) return key;
    const revoked = { ...key, revoked: { at: now, reason } };
    writePrivateFile(join(this.#directory(), name + SUFFIX), encodeTrustedKey(revoked), { existing: "replace" });
    return revoked;
  }

  #named(name: string): TrustedKey {
    const keys = this.list();
    const found = keys.find((key) => key.name === name);
    if (found !== undefined) return found;
    const meant = nearest(
      name,
      keys.map((key) => key.name),
    );
    const hint = meant === undefined ? "cordon trust list shows those that are" : `did you mean ${meant}?`;
    throw new CordonError(
      "usage",
      `Cannot find the key ${quoteText(name, 100)}: none of that name is trusted; ${hint}`,
    );
  }

  #directory(): string {
    if (this.#asked === undefined) {
      throw new CordonError(
        "signature",
        "Cannot find the trusted keys: this user has no home folder; set XDG_CONFIG_HOME",
      );
    }
    const found = privateDirectory(this.#asked);
    if ("path" in found) return found.path;
    throw new CordonError("signature", `Cannot rely on the trusted keys: ${found.problem}`);
  }
}

/** Under two names a key would count twice, and go on to count after one of them was revoked. */
function assertOnce(keys: readonly TrustedKey[]): void {
  const names = new Map<string, string>();
  for (const { name, publicKey } of keys) {
    const text = Buffer.from(publicKey).toString("hex");
    const other = names.get(text);
    if (other !== undefined) {
      const message = `Cannot rely on the trusted keys: ${quoteText(other)} and ${quoteText(name)} are the same key; leave one file of them`;
      throw new CordonError("signature", message);
    }
    names.set(text, name);
  }
}

/** `undefined` when it was removed just now. */
function read(path: string, name: string): TrustedKey | undefined {
  try {
    const bytes = readPrivateFile(path, { maxBytes: MAX_FILE_BYTES, othersMay: "read", mayBeLink: false });
    if (bytes === undefined) return undefined;
    const key = decodeTrustedKey(bytes);
    if (key.name !== name) throw new SyntaxError("it is of a key with another name");
    return key;
  } catch (thrown) {
    const message = `Cannot rely on the trusted key in ${quoteText(path)}: ${messageOf(thrown)}`;
    throw new CordonError("signature", message, { cause: thrown });
  }
}
