import type { StoredEvent } from "../stored-event.ts";

/** The longest event in bytes of UTF-8, since C2SP `tlog-tiles` gives the length of an entry in 16 bits. */
const MAX_BYTES = 65_535;

/** How much is kept of a text that is too long, in characters. */
const CUT = 1_000;

/** An event as JSON but for its position, which is known only when nobody else can write: {@link textAt} puts it in front. */
export function textOf(event: StoredEvent): string {
  const text = JSON.stringify(event);
  // Three bytes at most for a UTF-16 unit, and room for the position.
  if (text.length * 3 + 64 <= MAX_BYTES || Buffer.byteLength(text) + 64 <= MAX_BYTES) return text;
  const cut = Object.entries(event).map(([key, value]: [string, unknown]) => [
    key,
    typeof value === "string" && value.length > CUT ? `${value.slice(0, CUT)}…` : value,
  ]);
  return JSON.stringify(Object.fromEntries(cut));
}

/** The stored text of an event: what a leaf of the tree is the hash of. */
export function textAt(position: number, text: string): string {
  return `{"position":${position},${text.slice(1)}`;
}
