import { setImmediate as nextTurn } from "node:timers/promises";
import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import { blocking } from "./define.ts";
import { descriptorsOf } from "./descriptor-table.ts";
import { FolderListing } from "./folder-listing.ts";

/** How many entries are read before others of the thread have a turn. */
const ENTRIES_AT_ONCE = 4_096;

export const READ_DIRECTORY: CoreFunction = blocking({
  name: "fd_readdir",
  parameters: ["i32", "i32", "i32", "i64", "i32"],
  call: (guest: CoreGuest, fd, buffer, length, given, result) => {
    const { context, memory } = guest;
    memory.assertPlace(result, 4);
    memory.assertPlace(buffer, length, 1);
    const folder = descriptorsOf(context).folder(fd);
    const cookie = Number(BigInt.asUintN(64, given));
    if (cookie === 0) {
      folder.listing?.[Symbol.dispose]();
      folder.listing = undefined;
    }
    folder.listing ??= new FolderListing(context, folder.descriptor);
    return fill(guest, folder.listing, { cookie, buffer, length, result });
  },
});

interface Filling {
  readonly cookie: number;
  readonly buffer: number;
  readonly length: number;
  readonly result: number;
}

/** Where it returns fewer bytes than there is room for, the listing has come to its end. */
function fill(guest: CoreGuest, listing: FolderListing, filling: Filling): Promise<void> | undefined {
  const { cookie, buffer, length, result } = filling;
  if (!listing.has(cookie, length)) listing.read(ENTRIES_AT_ONCE);
  if (!listing.has(cookie, length)) return nextTurn().then(() => fillOn(guest, listing, filling));
  const { memory } = guest;
  memory.setU32(result, listing.copy(cookie, memory.bytes(buffer, length)));
  return undefined;
}

async function fillOn(guest: CoreGuest, listing: FolderListing, filling: Filling): Promise<void> {
  if (!guest.context.signal.aborted) await fill(guest, listing, filling);
}
