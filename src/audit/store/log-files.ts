import { join } from "node:path";
import { CordonError } from "../../shared/errors.ts";
import { privateDirectory } from "../../shared/machine/private-directory.ts";
import { readPrivateFile, writePrivateFile } from "../../shared/machine/private-file.ts";
import { stateDirectory } from "../../shared/machine/xdg.ts";
import { nodeCrypto } from "../../shared/node-modules.ts";
import { type NoteSigner, noteSigner } from "../tree/signed-note.ts";

/** The files that belong to a log. */
export interface LogFiles {
  readonly database: string;
  /** The key that signs its checkpoints, for this user alone. */
  readonly key: string;
  /** The last checkpoint, beside the database so that one that is put back shows. */
  readonly checkpoint: string;
}

const SEED_BYTES = 32;
const MAX_FILE_BYTES = 4_096;
const KEY_LINE = /^PRIVATE\+KEY\+([^\s+]+)\+([A-Za-z0-9+/]{43}=)\n$/u;

/**
 * The files of a log.
 *
 * @param database Default `audit.db` in Cordon's state folder, which is made when it is not there.
 * @throws CordonError `usage` when the folder is none that only this user writes to.
 */
export function logFiles(database?: string): LogFiles {
  const path = database ?? defaultDatabase();
  return { database: path, key: `${path}.key`, checkpoint: `${path}.checkpoint` };
}

function defaultDatabase(): string {
  const state = stateDirectory();
  if (state === undefined) {
    throw new CordonError(
      "usage",
      "Cannot find the audit log: this user has no home folder; name it, or set XDG_STATE_HOME",
    );
  }
  const directory = privateDirectory(state);
  if ("problem" in directory) throw new CordonError("usage", `Cannot use the audit log: ${directory.problem}`);
  return join(directory.path, "audit.db");
}

/**
 * The key of a log; made at its first use, with a name that no other log has.
 *
 * @throws CordonError `usage` when it cannot be read or made, or others may read it.
 */
export function logKey({ key }: LogFiles): NoteSigner {
  const found = readLogKey(key);
  if (found !== undefined) return found;
  const random = nodeCrypto().randomBytes(SEED_BYTES);
  const made = noteSigner(`cordon-audit-${nodeCrypto().randomBytes(4).toString("hex")}`, random);
  const text = `PRIVATE+KEY+${made.name}+${random.toString("base64")}\n`;
  try {
    writePrivateFile(key, Buffer.from(text), { existing: "refuse" });
    return made;
  } catch (thrown) {
    // Another process may have made it just now.
    const others = readLogKey(key);
    if (others !== undefined) return others;
    throw thrown;
  }
}

function readLogKey(path: string): NoteSigner | undefined {
  const bytes = readPrivateFile(path, { maxBytes: MAX_FILE_BYTES, othersMay: "nothing" });
  if (bytes === undefined) return undefined;
  const [, name, base64] = KEY_LINE.exec(bytes.toString("latin1")) ?? [];
  if (name !== undefined && base64 !== undefined) return noteSigner(name, Buffer.from(base64, "base64"));
  throw new CordonError("usage", `Cannot read the key of the audit log in ${JSON.stringify(path)}: it is none`);
}

/** The last checkpoint that was put beside a log, if any. */
export function lastCheckpoint({ checkpoint }: LogFiles): string | undefined {
  return readPrivateFile(checkpoint, { maxBytes: MAX_FILE_BYTES, othersMay: "read" })?.toString("utf8");
}

/** Puts a checkpoint beside a log. @throws CordonError `usage` when it cannot be written. */
export function keepCheckpoint({ checkpoint }: LogFiles, note: string): void {
  writePrivateFile(checkpoint, Buffer.from(note), { existing: "replace" });
}
