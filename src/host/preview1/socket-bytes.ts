import type { CoreGuest } from "../core/core-function.ts";
import { ERRNO } from "./errno.ts";
import type { IoVector } from "./io-vectors.ts";
import type { OpenConnection } from "./open-descriptors.ts";
import { readStream, writeStream } from "./stream-bytes.ts";
import { transfer } from "./transfer.ts";

/** The most that is peeked at without being taken, in bytes. */
const MAX_PEEKED_BYTES = 64 * 1024;

/** How `sock_recv` is to receive. */
export interface Receiving {
  /** What is received stays there for the next call. */
  readonly peek: boolean;
  /** All of the vectors are filled, unless the connection ends. */
  readonly waitForAll: boolean;
}

/** Receives bytes: what there is, and one at least. Returns how many, which is 0 when the other end sends no more. */
export function receive(
  guest: CoreGuest,
  open: OpenConnection,
  parts: readonly IoVector[],
  { peek, waitForAll }: Receiving,
): number | Promise<number> {
  if (peek) {
    const [first] = parts;
    return first === undefined ? 0 : peekInto(guest, open, guest.memory.bytes(first.at, first.length));
  }
  let has = false;
  return transfer(guest, parts, waitForAll ? "all" : "some", (part) => {
    const wasEmpty = !has;
    has = true;
    if (open.peeked.length > 0) return takePeeked(open, part);
    // With something to return, there is no wait for more.
    const nonBlocking = open.nonBlocking || (!wasEmpty && !waitForAll);
    return readStream(guest.context, open.input, part, { nonBlocking });
  });
}

function takePeeked(open: OpenConnection, target: Uint8Array): number {
  const part = open.peeked.subarray(0, target.length);
  target.set(part);
  open.peeked = open.peeked.subarray(part.length);
  return part.length;
}

function peekInto({ context }: CoreGuest, open: OpenConnection, target: Uint8Array): number | Promise<number> {
  const copy = (): number => {
    const part = open.peeked.subarray(0, target.length);
    target.set(part);
    return part.length;
  };
  if (open.peeked.length > 0 || target.length === 0) return copy();
  const bytes = new Uint8Array(Math.min(target.length, MAX_PEEKED_BYTES));
  const keep = (count: number): number => {
    open.peeked = bytes.subarray(0, count);
    return copy();
  };
  const count = readStream(context, open.input, bytes, open);
  return count instanceof Promise ? count.then(keep) : keep(count);
}

/** Sends bytes: as many as there is room for, and one at least. Returns how many. */
export function send(guest: CoreGuest, open: OpenConnection, parts: readonly IoVector[]): number | Promise<number> {
  const use = { nonBlocking: open.nonBlocking, closed: ERRNO.pipe };
  const much = open.nonBlocking ? "some" : "all";
  return transfer(guest, parts, much, (part) => writeStream(guest.context, open.output, part, use));
}
