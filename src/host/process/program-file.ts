import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** How much of a file is read to find out what it is, in bytes; as much as Linux reads for that. */
const HEAD_BYTES = 256;

/** ELF, Mach-O of either width and byte order, and Mach-O for several processors. */
const MAGIC_NUMBERS: ReadonlySet<number> = new Set([
  0x7f454c46, 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe,
]);

/** `#!` and an interpreter. */
const INTERPRETED = /^#![ \t]*[^ \t\n\0]/;

/**
 * Whether the system can run a file by itself. What it cannot, the C library would give to a shell instead: `execvp` does that
 * with whatever has no format that the kernel knows.
 */
export async function isProgram(path: string): Promise<boolean> {
  if (process.platform === "win32") return true;
  const head = await headOf(path);
  if (head === undefined) return true;
  return (head.length >= 4 && MAGIC_NUMBERS.has(head.readUInt32BE())) || INTERPRETED.test(head.toString("latin1"));
}

/** The first bytes of a file; `undefined` when it may not be read: a shell could not read it either. */
async function headOf(path: string): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && (thrown.code === "EACCES" || thrown.code === "EPERM"))
      return undefined;
    throw thrown;
  }
}
