import { HASH_BYTES, type Hash } from "./hashing.ts";
import { type NoteSigner, type NoteVerifier, openNote, signNote } from "./signed-note.ts";

/** What a log says of itself: how many entries it has, and the root of the tree over them. */
export interface Checkpoint {
  /** The name of the log, one line. */
  readonly origin: string;
  /** In entries. */
  readonly size: number;
  readonly root: Hash;
}

/** A checkpoint as a note in the form of C2SP `tlog-checkpoint`. */
export function signCheckpoint({ origin, size, root }: Checkpoint, signer: NoteSigner): string {
  return signNote(`${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`, signer);
}

/**
 * Reads a checkpoint. Lines behind the root are extensions and passed over.
 *
 * @returns `undefined` for what is none, or is not signed by the key.
 */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint | undefined {
  const [origin, size = "", base64 = ""] = openNote(note, verifier)?.split("\n") ?? [];
  if (origin === undefined || origin === "" || !/^(?:0|[1-9][0-9]{0,15})$/u.test(size)) return undefined;
  const root = Buffer.from(base64, "base64");
  if (root.length !== HASH_BYTES || root.toString("base64") !== base64 || !Number.isSafeInteger(Number(size))) {
    return undefined;
  }
  return { origin, size: Number(size), root };
}
