/** What an element, a member or an object of its own takes on the heap, in bytes. */
const SLOT_BYTES = 8;

/**
 * Whether a value that was lifted would take more than `bytes` on the heap of whoever receives a copy. Stops looking as
 * soon as it does. Lists of numbers and strings are counted when they are copied; this counts what they are made into.
 */
export function isLargerThan(value: unknown, bytes: number): boolean {
  const unseen: unknown[] = [value];
  for (let left = bytes; unseen.length > 0;) {
    const next = unseen.pop();
    if (typeof next === "string") left -= next.length;
    else if (ArrayBuffer.isView(next)) left -= next.byteLength;
    else if (typeof next === "object" && next !== null) {
      const members: readonly unknown[] = Array.isArray(next) ? next : membersOf(next);
      left -= (members.length + 1) * SLOT_BYTES;
      if (left >= 0) for (const member of members) if (isCounted(member)) unseen.push(member);
    }
    if (left < 0) return true;
  }
  return false;
}

function membersOf(object: object): readonly unknown[] {
  return object instanceof Map
    ? [...(object as ReadonlyMap<unknown, unknown>).entries()].flat()
    : Object.values(object);
}

function isCounted(value: unknown): boolean {
  return typeof value === "string" || (typeof value === "object" && value !== null);
}
