import type { HostResult } from "../capability.ts";
import { chargeCrossing, decodedText } from "../core/copied-bytes.ts";
import type { CoreFunction, CoreGuest, CoreModule, Finish } from "../core/core-function.ts";
import { OutsideMemory } from "../core/linear-memory.ts";
import { getVariable } from "./environment.ts";
import { readGranted, writeGranted } from "./files.ts";
import { writeLog } from "./log.ts";

/** No block is larger, so that a length and an address are one number which is not negative. */
const MAX_BLOCK_BYTES = 0x7fff_ffff;

const FUNCTIONS: readonly CoreFunction[] = [
  {
    name: "fs_read",
    type: "(i32, i32) -> i64",
    blocking: true,
    call: async (guest: CoreGuest, path: number, length: number): Promise<Finish> => {
      const answer = await readGranted(guest.context, textAt(guest, path, length, "a path"));
      return () => (answer.tag === "ok" ? block(guest, answer.val) : problem(guest, answer.val));
    },
  },
  {
    name: "fs_write",
    type: "(i32, i32, i32, i32) -> i64",
    blocking: true,
    call: async (guest: CoreGuest, path: number, length: number, data: number, dataLength: number): Promise<Finish> => {
      const named = textAt(guest, path, length, "a path");
      const given = bytesAt(guest, data, dataLength, "content");
      chargeCrossing(guest, length + dataLength);
      const content = given.slice();
      const answer: HostResult<undefined, string> = await writeGranted(guest.context, named, content);
      return () => (answer.tag === "ok" ? 0n : problem(guest, answer.val));
    },
  },
  {
    name: "env_get",
    type: "(i32, i32) -> i64",
    blocking: false,
    call: (guest: CoreGuest, name: number, length: number): bigint => {
      const value = getVariable(guest.context, textAt(guest, name, length, "a name"));
      return value === undefined ? -1n : block(guest, Buffer.from(value));
    },
  },
  {
    name: "log",
    type: "(i32, i32, i32) -> ()",
    blocking: true,
    call: (guest: CoreGuest, level: number, text: number, length: number): undefined | Promise<undefined> => {
      const written = writeLog(guest.context, level, textAt(guest, text, length, "a text"));
      return written instanceof Promise ? written.then(() => undefined) : undefined;
    },
  },
];

/**
 * What core modules with the JSON interface import as `vak` (docs/core-modules.md). An answer of 64 bits that is not negative is a
 * block: its length, and its address, in memory that the module's `alloc` gave. A negative one is a failure, with the bits of a block
 * that holds the message inverted.
 */
export const VAK: CoreModule = Object.freeze({ name: "vak", functions: Object.freeze(FUNCTIONS) });

function textAt(guest: CoreGuest, at: number, length: number, what: string): string {
  const bytes = bytesAt(guest, at, length, what);
  chargeCrossing(guest, length);
  return decodedText(bytes, what);
}

/** Bytes of the module's memory, which it named; `what` says as what. */
export function bytesAt({ memory }: CoreGuest, at: number, length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return memory.bytes(at, length);
  } catch (thrown) {
    if (!(thrown instanceof OutsideMemory)) throw thrown;
    throw new Error(`the module gave ${what} that lies outside of its memory`, { cause: thrown });
  }
}

/** Puts bytes into a block that the module's `alloc` gives; its address. */
export function placed(guest: CoreGuest, bytes: Uint8Array): number {
  if (bytes.length > MAX_BLOCK_BYTES) {
    throw new Error("the module was to be given more than its memory could ever hold");
  }
  const at = Number(guest.callExport("alloc", bytes.length)) >>> 0;
  bytesAt(guest, at, bytes.length, "a block").set(bytes);
  return at;
}

function block(guest: CoreGuest, bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : (BigInt(bytes.length) << 32n) | BigInt(placed(guest, bytes));
}

function problem(guest: CoreGuest, message: string): bigint {
  return ~block(guest, Buffer.from(message));
}
