/*
 * What values of the host take that are made of a guest's, in bytes. All of it is what a process was seen to grow by, for every copy that
 * is made of a value on its way to the caller: what the engine makes, the message to the other thread, what is made there, and the room
 * that the heaps keep beside it. `test/attacks/amplification.test.ts` holds the figures against that.
 */

/** A list, beside its elements; what an element takes of it, beside itself; what a typed array takes, beside its bytes. */
export const LIST_BYTES = 448;
export const SLOT_BYTES = 48;
export const BUFFER_BYTES = 1_152;

/** A string beside its text; a number of up to 16 bits; a larger one, which may be an object of its own; a handle. */
export const STRING_BYTES = 160;
export const SMALL_NUMBER_BYTES = 24;
export const NUMBER_BYTES = 56;
export const HANDLE_BYTES = 256;

/** A tuple, beside what is in it; an entry of a map, beside the pair that it is made of. */
export const TUPLE_BYTES = 640;
export const MAP_ENTRY_BYTES = 192;

/** An object with members; each of them, beside its name, which is written into every message. */
const OBJECT_BYTES = 192;
const MEMBER_BYTES = 48;
const NAME_COPIES = 2;

/** The text of a case, which is written into every message as well. */
const TEXT_BYTES = 48;
const TEXT_COPIES = 4;

/** What an object with these members takes, beside their values. */
export function objectBytes(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + MEMBER_BYTES + NAME_COPIES * name.length, OBJECT_BYTES);
}

/** What a text takes that the type has, and not the guest. */
export function textBytes(text: string): number {
  return TEXT_BYTES + TEXT_COPIES * text.length;
}
