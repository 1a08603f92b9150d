import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import type { LogReader } from "./log-reader.ts";
import { TILE_HEIGHT, TILE_WIDTH } from "./tiles.ts";

/**
 * Writes the log up to its last checkpoint into a folder that must not be there yet, in the form of C2SP `tlog-tiles`: `checkpoint`,
 * `tile/L/N` and `tile/entries/N`, so that other tools verify it.
 *
 * @returns How many events that are.
 * @throws CordonError `usage` when there is no checkpoint, or the folder is there or cannot be written.
 */
export function exportTiles(log: LogReader, folder: string): number {
  return log.atOnce(() => {
    const checkpoint = log.checkpoints().at(-1);
    if (checkpoint === undefined) {
      throw new CordonError(
        "usage",
        "Cannot export tiles: the log has no checkpoint yet; one is made every 10 s and when a run ends",
      );
    }
    const { size, note } = checkpoint;
    try {
      mkdirSync(folder);
      for (let number = 0; number * TILE_WIDTH < size; number += 1) {
        const end = Math.min((number + 1) * TILE_WIDTH, size);
        const entries = log.texts(number * TILE_WIDTH, end).map(({ text }) => entryOf(text));
        put(folder, `tile/entries/${tilePath(number, end - number * TILE_WIDTH)}`, Buffer.concat(entries));
      }
      for (let level = 0, leaves = 1; leaves <= size; level += 1, leaves *= TILE_WIDTH) {
        const hashes = Math.floor(size / leaves);
        for (let number = 0; number * TILE_WIDTH < hashes; number += 1) {
          const width = Math.min(TILE_WIDTH, hashes - number * TILE_WIDTH);
          const parts = Array.from({ length: width }, (_, nth) =>
            log.readHash(level * TILE_HEIGHT, number * TILE_WIDTH + nth),
          );
          put(folder, `tile/${level}/${tilePath(number, width)}`, Buffer.concat(parts));
        }
      }
      // Last, as the specification asks of whoever publishes: what it is over is there already.
      put(folder, "checkpoint", note);
    } catch (thrown) {
      if (thrown instanceof CordonError) throw thrown;
      throw new CordonError("usage", `Cannot export the log to ${quoteText(folder)}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
    return size;
  });
}

function put(folder: string, path: string, bytes: Uint8Array | string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}

/** An entry as bundles have it: its length in two bytes, the larger first, and its bytes. */
function entryOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The path of a tile: three digits a folder, all but the last with an `x` in front; `.p/W` for one that is not full. */
function tilePath(number: number, width: number): string {
  const digits = String(number);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const groups = padded.match(/\d{3}/gu) ?? [];
  const path = groups.map((group, nth) => (nth === groups.length - 1 ? group : `x${group}`)).join("/");
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}
