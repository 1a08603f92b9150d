import { CordonError } from "../../shared/errors.ts";
import { openCheckpoint } from "../tree/checkpoint.ts";
import { HASH_BYTES, leafHash } from "../tree/hashing.ts";
import { includes, inclusionProof } from "../tree/proofs.ts";
import type { NoteVerifier } from "../tree/signed-note.ts";
import type { LogReader } from "./log-reader.ts";

const HEADER = "c2sp.org/tlog-proof@v1";

/**
 * A proof that an event is in the log, to be checked without it, in the form of C2SP `tlog-proof`: the stored text of the event, its
 * path to the root, and the first checkpoint that is over it.
 *
 * @throws CordonError `usage` when there is no such event, or no checkpoint is over it.
 */
export function proofOf(log: LogReader, position: number): string {
  return log.atOnce(() => {
    const [event] = log.texts(position, position + 1);
    if (event === undefined) {
      const { size } = log.tree();
      throw new CordonError("usage", `Cannot prove event ${position}: the log has events 0 to ${size - 1}`);
    }
    const checkpoint = log.checkpoints().find(({ size }) => size > position);
    if (checkpoint === undefined) {
      throw new CordonError(
        "usage",
        `Cannot prove event ${position}: no checkpoint is over it yet; one is made every 10 s and when a run ends`,
      );
    }
    const hashes = inclusionProof(position, checkpoint.size, log.readHash);
    const lines = hashes.map((hash) => `${Buffer.from(hash).toString("base64")}\n`);
    const extra = Buffer.from(event.text).toString("base64");
    return `${HEADER}\nextra ${extra}\nindex ${position}\n${lines.join("")}\n${checkpoint.note}`;
  });
}

/** What a proof proves. */
export interface Proven {
  readonly position: number;
  /** The event as it is stored: JSON. */
  readonly text: string;
  /** How many events the checkpoint is over. */
  readonly size: number;
}

/**
 * Checks a proof of {@link proofOf}, of a log that is known by its key alone.
 *
 * @throws CordonError `signature` when it does not hold.
 */
export function checkProof(proof: string, key: NoteVerifier): Proven {
  const [, extra = "", index = "", hashes = "", note = ""] =
    /^c2sp\.org\/tlog-proof@v1\nextra ([A-Za-z0-9+/]+=*)\nindex (0|[1-9][0-9]{0,15})\n((?:[A-Za-z0-9+/]{43}=\n){0,53})\n([^]+)$/u.exec(
      proof,
    ) ?? [];
  if (note === "") throw refused("it has not the form of C2SP tlog-proof");
  const checkpoint = openCheckpoint(note, key);
  if (checkpoint === undefined) throw refused(`its checkpoint is not signed by ${key.name}`);
  const path = hashes.split("\n").flatMap((line) => (line === "" ? [] : [Buffer.from(line, "base64")]));
  const text = Buffer.from(extra, "base64");
  const leaf = { index: Number(index), hash: leafHash(text) };
  const sound = path.every((hash) => hash.length === HASH_BYTES) && includes(path, leaf, checkpoint);
  if (!sound) throw refused("the event is not in the log that was signed");
  return { position: leaf.index, text: text.toString("utf8"), size: checkpoint.size };
}

function refused(why: string): CordonError {
  return new CordonError("signature", `Cannot accept the proof: ${why}`);
}
