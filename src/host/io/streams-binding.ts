import type { HostContext, HostInterface } from "../capability.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import type { BytesOrLazy } from "./lazy-bytes.ts";
import { Pollable } from "./pollable.ts";
import { realmBytes } from "./realm-bytes.ts";
import {
  cutLength,
  flush,
  readForGuest,
  readStep,
  splice,
  spliceStep,
  untilDone,
  writeAndFlush,
} from "./stream-steps.ts";
import type { InputStream, OutputStream, StreamResult } from "./streams.ts";

/** The most that one blocking write takes, in bytes; the specification's number. */
const MAX_BLOCKING_WRITE_BYTES = 4096;

/** What `check-write` last allowed of each stream; one write uses it up. */
const permits = new WeakMap<OutputStream, number>();

/**
 * `wasi:io/streams`, over any {@link InputStream} and {@link OutputStream}. A read is cut to what the host will allocate. A
 * write of more than the last `check-write` allowed traps, and so does a blocking write of more than 4,096 bytes.
 */
export const ioStreams: HostInterface = wasiInterface("wasi:io/streams", {
  direct: {
    "[method]input-stream.read": (context: HostContext, self: InputStream, length: bigint) =>
      readForGuest(context, self, cutLength(context, length)),
    "[method]input-stream.skip": (context: HostContext, self: InputStream, length: bigint) =>
      counted(self.read(context, cutLength(context, length))),
    "[method]input-stream.subscribe": (_context: HostContext, self: InputStream) => ok(new Pollable(self)),
    "[method]output-stream.check-write": (context: HostContext, self: OutputStream) => checkWrite(context, self),
    "[method]output-stream.write": (context: HostContext, self: OutputStream, contents: Uint8Array) => {
      const bytes = realmBytes(contents);
      usePermit(self, bytes.length);
      return self.write(context, bytes);
    },
    "[method]output-stream.write-zeroes": (context: HostContext, self: OutputStream, length: bigint) => {
      usePermit(self, length);
      return self.write(context, new Uint8Array(Number(length)));
    },
    "[method]output-stream.flush": (context: HostContext, self: OutputStream) => {
      permits.delete(self);
      return self.flush(context);
    },
    "[method]output-stream.subscribe": (_context: HostContext, self: OutputStream) => ok(new Pollable(self)),
    "[method]output-stream.splice": (context: HostContext, self: OutputStream, from: InputStream, length: bigint) => {
      permits.delete(self);
      return splice(context, self, from, cutLength(context, length));
    },
  },
  blocking: {
    "[method]input-stream.blocking-read": (context: HostContext, self: InputStream, length: bigint) =>
      blockingRead(context, self, length, readForGuest),
    "[method]input-stream.blocking-skip": (context: HostContext, self: InputStream, length: bigint) => {
      const read = blockingRead(context, self, length, (ofGuest, stream, most) => stream.read(ofGuest, most));
      return read instanceof Promise ? read.then(counted) : counted(read);
    },
    "[method]output-stream.blocking-write-and-flush": (
      context: HostContext,
      self: OutputStream,
      contents: Uint8Array,
    ) => blockingWrite(context, self, realmBytes(contents)),
    "[method]output-stream.blocking-write-zeroes-and-flush": (
      context: HostContext,
      self: OutputStream,
      length: bigint,
    ) => {
      refuseOver(length, MAX_BLOCKING_WRITE_BYTES, "one blocking write takes");
      return blockingWrite(context, self, new Uint8Array(Number(length)));
    },
    "[method]output-stream.blocking-flush": (context: HostContext, self: OutputStream) => {
      permits.delete(self);
      return untilDone(context, flush(context, self));
    },
    "[method]output-stream.blocking-splice": (
      context: HostContext,
      self: OutputStream,
      from: InputStream,
      length: bigint,
    ) => {
      permits.delete(self);
      const most = cutLength(context, length);
      return untilDone(context, () => spliceStep(context, self, from, most));
    },
  },
});

function blockingRead<Bytes extends BytesOrLazy>(
  context: HostContext,
  stream: InputStream,
  length: bigint,
  readSome: (context: HostContext, stream: InputStream, length: number) => StreamResult<Bytes>,
): StreamResult<Bytes> | Promise<StreamResult<Bytes>> {
  const most = cutLength(context, length);
  return untilDone(context, () => readStep(context, stream, most, readSome));
}

function blockingWrite(
  context: HostContext,
  stream: OutputStream,
  bytes: Uint8Array,
): StreamResult<void> | Promise<StreamResult<void>> {
  refuseOver(bytes.length, MAX_BLOCKING_WRITE_BYTES, "one blocking write takes");
  permits.delete(stream);
  return untilDone(context, writeAndFlush(context, stream, bytes));
}

function checkWrite(context: HostContext, stream: OutputStream): StreamResult<bigint> {
  const room = stream.checkWrite(context);
  permits.delete(stream);
  if (room.tag === "err") return room;
  permits.set(stream, room.val);
  return ok(BigInt(room.val));
}

function usePermit(stream: OutputStream, length: number | bigint): void {
  const permitted = permits.get(stream) ?? 0;
  permits.delete(stream);
  refuseOver(length, permitted, "the last check-write allowed");
}

function refuseOver(length: number | bigint, most: number, bound: string): void {
  if (length > most) throw new Error(`Cannot write ${length} bytes: more than the ${most} that ${bound}`);
}

function counted(read: StreamResult<Uint8Array>): StreamResult<bigint> {
  return read.tag === "err" ? read : ok(BigInt(read.val.length));
}
