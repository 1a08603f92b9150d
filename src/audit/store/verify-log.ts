import type { StoredEvent } from "../stored-event.ts";
import { openCheckpoint } from "../tree/checkpoint.ts";
import { HASH_BYTES, type Hash, leafHash, sameHash } from "../tree/hashing.ts";
import type { NoteVerifier } from "../tree/signed-note.ts";
import { TreeEdge } from "../tree/tree-edge.ts";
import { type Facets, facetsOf } from "./facets.ts";
import type { LogReader } from "./log-reader.ts";
import { TILE_HEIGHT, TILE_WIDTH } from "./tiles.ts";

/** What was done to a log, as far as it shows. */
export interface LogFault {
  readonly kind:
    | "altered"
    | "missing"
    | "moved"
    | "added"
    /** Events at the end are gone. */
    | "cut"
    /** The log is an older one, or another. */
    | "replaced"
    /** A checkpoint that the key has not signed. */
    | "checkpoint"
    /** The tree or the columns for queries, and not the events. */
    | "index";
  /** Which event, where it is known. */
  readonly position?: number;
  /** One line. */
  readonly message: string;
}

/** What was found. */
export interface Verification {
  /** How many events the log says to have. */
  readonly size: number;
  /** How many of them are under a checkpoint. */
  readonly signed: number;
  /** How many checkpoints there are. */
  readonly checkpoints: number;
  /** The first fault; absent where the log is as it was written. */
  readonly fault?: LogFault;
}

/** A checkpoint that is kept elsewhere. */
export interface OuterCheckpoint {
  readonly note: string;
  /** Where it is from, for messages. */
  readonly from: string;
}

class Found extends Error {
  readonly fault: LogFault;

  constructor(kind: LogFault["kind"], message: string, position?: number) {
    super(message);
    this.fault = { kind, message, ...(position === undefined ? {} : { position }) };
  }
}

/**
 * Checks a whole log: each event against its leaf in the tree, the tree against its checkpoints, those against the key, and all of it
 * against checkpoints that were kept elsewhere.
 *
 * @throws CordonError `host` when it cannot be read.
 */
export function verifyLog(log: LogReader, key: NoteVerifier, outer: readonly OuterCheckpoint[]): Verification {
  return log.atOnce(() => {
    const { size } = log.tree();
    const stored = log.checkpoints();
    const signed = stored.at(-1)?.size ?? 0;
    const counts = { size, signed: Math.min(signed, size), checkpoints: stored.length };
    try {
      new LogCheck(log, key, outer).run();
      return counts;
    } catch (thrown) {
      if (thrown instanceof Found) return { ...counts, fault: thrown.fault };
      throw thrown;
    }
  });
}

class LogCheck {
  readonly #log: LogReader;
  readonly #size: number;
  readonly #roots = new Map<number, Hash>();
  /** Sizes of which the root is to be kept, the smallest last. */
  readonly #wanted: number[];
  readonly #key: NoteVerifier;
  readonly #outer: readonly OuterCheckpoint[];
  readonly #edge = TreeEdge.empty();

  constructor(log: LogReader, key: NoteVerifier, outer: readonly OuterCheckpoint[]) {
    this.#log = log;
    this.#key = key;
    this.#outer = outer;
    this.#size = log.tree().size;
    const sizes = [
      ...log.checkpoints().map(({ size }) => size),
      ...outer.flatMap(({ note }) => openCheckpoint(note, key)?.size ?? []),
    ];
    this.#wanted = [...new Set(sizes)].sort((one, other) => other - one);
  }

  run(): void {
    for (let start = 0; start < this.#size; start += TILE_WIDTH) this.#checkTile(start);
    this.#checkEnd();
    this.#checkCheckpoints();
    for (const one of this.#outer) this.#checkOuter(one);
  }

  #checkTile(start: number): void {
    const end = Math.min(start + TILE_WIDTH, this.#size);
    const events = this.#log.texts(start, end);
    const facets = this.#log.facets(start, end);
    const found = events.map(({ text }) => leafHash(text));
    const tile = this.#fullTile(start);
    const known = tile ?? events.map(({ leaf }) => leaf);
    for (let position = start; position < end; position += 1) {
      const event = events[position - start];
      const leaf = found[position - start];
      if (event === undefined || leaf === undefined || event.position !== position) {
        throw new Found("missing", `event ${position} is missing`, position);
      }
      const was = known[position - start];
      if (was === undefined || !sameHash(leaf, was)) throw different(position, { start, found, known });
      if (!sameHash(leaf, event.leaf)) throw new Found("index", `the leaf of event ${position} was altered`, position);
      const says = positionIn(event.text);
      if (says !== position) {
        throw new Found("moved", `event ${position} says of itself that it is ${says ?? "none"}`, position);
      }
      if (!sameFacets(event.text, facets.get(position))) {
        throw new Found(
          "index",
          `event ${position} is found by what it does not say: its columns were altered`,
          position,
        );
      }
      this.#edge.append(leaf, this.#checkSubtree);
      if (this.#wanted.at(-1) === this.#edge.size) {
        this.#wanted.pop();
        this.#roots.set(this.#edge.size, this.#edge.root());
      }
    }
  }

  /** The leaves of a tile once it is full; its own ones are beside the events until then. */
  #fullTile(start: number): readonly Hash[] | undefined {
    const tile = this.#log.tile(0, start / TILE_WIDTH);
    if (tile === undefined) {
      if (start + TILE_WIDTH > this.#size) return undefined;
      throw new Found("index", `the tile of events ${start} to ${start + TILE_WIDTH - 1} is missing`);
    }
    if (tile.length !== TILE_WIDTH * HASH_BYTES) {
      throw new Found("index", `the tile of events ${start} to ${start + TILE_WIDTH - 1} was altered`);
    }
    return Array.from({ length: TILE_WIDTH }, (_, nth) => tile.subarray(nth * HASH_BYTES, (nth + 1) * HASH_BYTES));
  }

  readonly #checkSubtree = (level: number, index: number, hash: Hash): void => {
    if (level === 0 || level % TILE_HEIGHT !== 0) return;
    const offset = (index % TILE_WIDTH) * HASH_BYTES;
    const tile = this.#log.tile(level / TILE_HEIGHT, Math.floor(index / TILE_WIDTH));
    if (tile !== undefined && sameHash(tile.subarray(offset, offset + HASH_BYTES), hash)) return;
    throw new Found(
      "index",
      `the tree above events ${index * 2 ** level} to ${(index + 1) * 2 ** level - 1} was altered`,
    );
  };

  #checkEnd(): void {
    const last = this.#log.lastPosition();
    if (last >= this.#size) throw new Found("added", `event ${this.#size} was added behind the tree`, this.#size);
    if (!sameHash(this.#edge.bytes(), this.#log.tree().edge)) {
      throw new Found(
        "altered",
        `events from ${this.#signedBefore(this.#size)} on are not those that the tree is over`,
      );
    }
  }

  #checkCheckpoints(): void {
    let sound = 0;
    for (const { size, note } of this.#log.checkpoints()) {
      const checkpoint = openCheckpoint(note, this.#key);
      if (checkpoint === undefined || checkpoint.size !== size) {
        throw new Found("checkpoint", `the checkpoint over ${size} events is not signed by ${this.#key.name}`);
      }
      if (size > this.#size) {
        throw new Found(
          "cut",
          `events ${this.#size} to ${size - 1} are missing: a checkpoint is over ${size}`,
          this.#size,
        );
      }
      const root = this.#roots.get(size);
      if (root === undefined || !sameHash(root, checkpoint.root)) {
        throw new Found("altered", `an event from ${sound} to ${size - 1} was altered, and the tree with it`, sound);
      }
      sound = size;
    }
  }

  #checkOuter({ note, from }: OuterCheckpoint): void {
    const checkpoint = openCheckpoint(note, this.#key);
    if (checkpoint === undefined)
      throw new Found("checkpoint", `${from} is no checkpoint that ${this.#key.name} signed`);
    const { size } = checkpoint;
    if (size > this.#size) {
      throw new Found("cut", `events ${this.#size} to ${size - 1} are missing: ${from} is over ${size}`, this.#size);
    }
    const root = this.#roots.get(size);
    if (size > 0 && (root === undefined || !sameHash(root, checkpoint.root))) {
      throw new Found(
        "replaced",
        `the first ${size} events are not those of ${from}: the log is another, or was put back and went on`,
      );
    }
  }

  #signedBefore(size: number): number {
    return this.#log.checkpoints().findLast((one) => one.size < size)?.size ?? 0;
  }
}

interface Leaves {
  readonly start: number;
  readonly found: readonly Hash[];
  readonly known: readonly Hash[];
}

function is(leaf: Hash | undefined, other: Hash | undefined): boolean {
  return leaf !== undefined && other !== undefined && sameHash(leaf, other);
}

/** What became of an event whose leaf is another. */
function different(position: number, { start, found, known }: Leaves): Found {
  const at = position - start;
  const next = known[at + 1];
  if (is(found[at], next) && !is(found[at + 1], known[at])) {
    return new Found("missing", `event ${position} is missing: the next one is in its place`, position);
  }
  const from = known.findIndex((leaf) => is(found[at], leaf));
  if (from !== -1) {
    return new Found("moved", `event ${start + from} was moved: it is in the place of event ${position}`, position);
  }
  if (is(found[at + 1], known[at]))
    return new Found("added", `an event was added in front of event ${position}`, position);
  return new Found("altered", `event ${position} was altered`, position);
}

function positionIn(text: string): number | undefined {
  const [, digits] = /^\{"position":(\d{1,15}),/u.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function sameFacets(text: string, stored: Facets | undefined): boolean {
  if (stored === undefined) return false;
  const said = facetsOf(JSON.parse(text) as StoredEvent);
  return (
    said.time === stored.time &&
    said.component === stored.component &&
    said.type === stored.type &&
    said.result === stored.result &&
    said.run === stored.run &&
    said.call === stored.call &&
    said.rule === stored.rule
  );
}
