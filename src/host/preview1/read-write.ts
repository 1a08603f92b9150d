import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import { readTo, write } from "../filesystem/wasi/descriptor-functions.ts";
import { sizeOf } from "../filesystem/content/file-bytes.ts";
import { openAppending } from "../filesystem/wasi/recorded-operations.ts";
import { blocking } from "./define.ts";
import { descriptorsOf } from "./descriptor-table.ts";
import { ERRNO, Preview1Error, valueOf } from "./errno.ts";
import { type IoVector, ioVectors } from "./io-vectors.ts";
import type { OpenDescriptor, OpenFile, OpenOutput } from "./open-descriptors.ts";
import { receive, send } from "./socket-bytes.ts";
import { readStream, settled, writeStream } from "./stream-bytes.ts";
import { transfer } from "./transfer.ts";

const MAX_POSITION = 2n ** 64n - 1n;

export const READ_WRITE_FUNCTIONS: readonly CoreFunction[] = [
  blocking({
    name: "fd_read",
    parameters: ["i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, vectors, count, result) =>
      counted(guest, result, () => {
        const parts = ioVectors(guest.memory, vectors, count);
        return read(guest, descriptorsOf(guest.context).get(fd), parts);
      }),
  }),
  blocking({
    name: "fd_pread",
    parameters: ["i32", "i32", "i32", "i64", "i32"],
    call: (guest: CoreGuest, fd, vectors, count, offset, result) =>
      counted(guest, result, () => {
        const parts = ioVectors(guest.memory, vectors, count);
        const file = positioned(descriptorsOf(guest.context).get(fd));
        return readFile(guest, file, parts, BigInt.asUintN(64, offset));
      }),
  }),
  blocking({
    name: "fd_write",
    parameters: ["i32", "i32", "i32", "i32"],
    call: (guest: CoreGuest, fd, vectors, count, result) =>
      counted(guest, result, () => {
        const parts = ioVectors(guest.memory, vectors, count);
        return writeTo(guest, descriptorsOf(guest.context).get(fd), parts);
      }),
  }),
  blocking({
    name: "fd_pwrite",
    parameters: ["i32", "i32", "i32", "i64", "i32"],
    call: (guest: CoreGuest, fd, vectors, count, offset, result) =>
      counted(guest, result, () => {
        const parts = ioVectors(guest.memory, vectors, count);
        const file = positioned(descriptorsOf(guest.context).get(fd));
        return writeFile(guest, file, parts, BigInt.asUintN(64, offset));
      }),
  }),
];

/** Does something and writes how many bytes it came to, for which there has to be a place before anything is done. */
export function counted(
  { memory }: CoreGuest,
  result: number,
  work: () => number | Promise<number>,
): Promise<void> | undefined {
  memory.assertPlace(result, 4);
  const count = work();
  if (count instanceof Promise) return count.then((done) => memory.setU32(result, done));
  memory.setU32(result, count);
  return undefined;
}

/** @throws Preview1Error `spipe` for a stream, `badf` for a folder. */
function positioned(open: OpenDescriptor): OpenFile {
  if (open.kind === "file") return open;
  throw new Preview1Error(open.kind === "folder" ? ERRNO.badDescriptor : ERRNO.seekOnPipe);
}

function read(guest: CoreGuest, open: OpenDescriptor, parts: readonly IoVector[]): number | Promise<number> {
  switch (open.kind) {
    case "file":
      return advanced(open, readFile(guest, open, parts, open.position));
    case "input": {
      const [first] = parts;
      if (first === undefined) return 0;
      // What there is, into the first: more may not come for long.
      const target = guest.memory.bytes(first.at, first.length);
      return readStream(guest.context, open.stream, target, { nonBlocking: false });
    }
    case "connection":
      return receive(guest, open, parts, { peek: false, waitForAll: false });
    case "output":
    case "folder":
    case "listener":
      throw new Preview1Error(ERRNO.badDescriptor);
  }
}

function readFile(
  guest: CoreGuest,
  { descriptor }: OpenFile,
  parts: readonly IoVector[],
  offset: bigint,
): number | Promise<number> {
  let at = offset;
  return transfer(guest, parts, "some", (part) =>
    whenDone(readTo(guest.context, descriptor, part, at), (result) => {
      const count = valueOf(result);
      at += BigInt(count);
      return count;
    }),
  );
}

function writeTo(guest: CoreGuest, open: OpenDescriptor, parts: readonly IoVector[]): number | Promise<number> {
  switch (open.kind) {
    case "file":
      return open.append
        ? whenDone(writeFile(guest, open, parts, open.position), (count) => {
            open.position = BigInt(sizeOf(open.descriptor.file));
            return count;
          })
        : advanced(open, writeFile(guest, open, parts, open.position));
    case "output":
      return writeOutput(guest, open, parts);
    case "connection":
      return send(guest, open, parts);
    case "input":
    case "folder":
    case "listener":
      throw new Preview1Error(ERRNO.badDescriptor);
  }
}

/** One that appends writes at the end, whatever the offset, as Linux has it. */
function writeFile(
  guest: CoreGuest,
  file: OpenFile,
  parts: readonly IoVector[],
  offset: bigint,
): number | Promise<number> {
  const { context } = guest;
  if (file.append) {
    const stream = (file.appending ??= valueOf(openAppending(context, file.descriptor)));
    const use = { nonBlocking: false, closed: ERRNO.io };
    return transfer(guest, parts, "all", (part) => writeStream(context, stream, part, use));
  }
  let at = offset;
  return transfer(guest, parts, "all", (part) =>
    whenDone(write(context, file.descriptor, part, at), (result) => {
      const count = valueOf(result);
      at += count;
      return Number(count);
    }),
  );
}

/** What was written to the other of stdout and stderr comes first; so nobody sees them in another order than the guest wrote them. */
function writeOutput(
  guest: CoreGuest,
  { stream, other }: OpenOutput,
  parts: readonly IoVector[],
): number | Promise<number> {
  const use = { nonBlocking: false, closed: ERRNO.pipe };
  const writeAll = (): number | Promise<number> =>
    transfer(guest, parts, "all", (part) => writeStream(guest.context, stream, part, use));
  const waits = settled(guest.context, other);
  return waits === undefined ? writeAll() : waits.then(writeAll);
}

/** Moves the file's position on by what was read or written. */
function advanced(file: OpenFile, count: number | Promise<number>): number | Promise<number> {
  return whenDone(count, (done) => {
    const position = file.position + BigInt(done);
    if (position > MAX_POSITION) throw new Preview1Error(ERRNO.overflow);
    file.position = position;
    return done;
  });
}

function whenDone<T, U>(value: T | Promise<T>, goOn: (value: T) => U): U | Promise<U> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
