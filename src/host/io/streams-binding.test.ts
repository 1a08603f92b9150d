import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { callHost, hostContext } from "../../../test/support/host-context.ts";
import { MemoryInput, MemoryOutput } from "../../../test/support/memory-streams.ts";
import { ioError } from "./error-binding.ts";
import { IoError } from "./io-error.ts";
import { Pollable } from "./pollable.ts";
import { ioStreams } from "./streams-binding.ts";

const context = hostContext();
const CLOSED = { tag: "err", val: { tag: "closed" } };

function input(name: string, stream: MemoryInput, ...rest: readonly unknown[]): unknown {
  return callHost(ioStreams, `[method]input-stream.${name}`, context, stream, ...rest);
}

function output(name: string, stream: MemoryOutput, ...rest: readonly unknown[]): unknown {
  return callHost(ioStreams, `[method]output-stream.${name}`, context, stream, ...rest);
}

function done(val?: unknown): unknown {
  return { tag: "ok", val };
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

test("a read gives what is there, up to the length, and the end after it", () => {
  const stream = new MemoryInput();
  assert.deepEqual(input("read", stream, 4n), done(bytes()));
  stream.put(1, 2, 3);
  assert.deepEqual(input("read", stream, 0n), done(bytes()));
  assert.deepEqual(input("read", stream, 2n), done(bytes(1, 2)));
  stream.end();
  assert.deepEqual(input("read", stream, 2n), done(bytes(3)));
  assert.deepEqual(input("read", stream, 2n), CLOSED);
});

test("a skip counts what it took", () => {
  const stream = new MemoryInput().put(1, 2, 3).end();
  assert.deepEqual(input("skip", stream, 2n), done(2n));
  assert.deepEqual(input("blocking-skip", stream, 9n), done(1n));
  assert.deepEqual(input("blocking-skip", stream, 9n), CLOSED);
  assert.deepEqual(input("skip", stream, 9n), CLOSED);
});

test("blocking operations answer without a promise when nothing has to be waited for", () => {
  assert.deepEqual(input("blocking-read", new MemoryInput().put(7), 9n), done(bytes(7)));
  assert.deepEqual(input("blocking-read", new MemoryInput(), 0n), done(bytes()));
  assert.deepEqual(input("blocking-read", new MemoryInput().end(), 9n), CLOSED);
  assert.deepEqual(output("blocking-flush", new MemoryOutput(8)), done());
  assert.deepEqual(output("blocking-write-and-flush", new MemoryOutput(8), bytes()), done());
  const target = new MemoryOutput(8);
  assert.deepEqual(output("blocking-splice", target, new MemoryInput().put(1, 2), 9n), done(2n));
  assert.deepEqual(target.held, [1, 2]);
});

test("a blocking read and a blocking skip wait for the first byte", async () => {
  const stream = new MemoryInput();
  const read = input("blocking-read", stream, 9n);
  assert.ok(read instanceof Promise);
  stream.put(5, 6);
  assert.deepEqual(await read, done(bytes(5, 6)));
  const skipped = input("blocking-skip", stream, 9n);
  stream.put(7);
  assert.deepEqual(await skipped, done(1n));
});

test("a blocking read that is woken for nothing waits on", async () => {
  const stream = new MemoryInput();
  const read = input("blocking-read", stream, 9n);
  stream.arrived.wake();
  await new Promise(setImmediate);
  stream.put(5);
  assert.deepEqual(await read, done(bytes(5)));
});

test("a write needs the permit of the last check-write, which one write uses up", () => {
  const stream = new MemoryOutput(3);
  assert.throws(() => output("write", stream, bytes(1)), /more than the 0 that the last check-write allowed/u);
  assert.deepEqual(output("check-write", stream), done(3n));
  assert.throws(() => output("write", stream, bytes(1, 2, 3, 4)), /Cannot write 4 bytes: more than the 3/u);
  assert.deepEqual(output("check-write", stream), done(3n));
  assert.deepEqual(output("write", stream, bytes(1, 2)), done());
  assert.throws(() => output("write", stream, bytes(3)), /more than the 0/u);
  assert.deepEqual(output("check-write", stream), done(1n));
  assert.deepEqual(output("write-zeroes", stream, 1n), done());
  assert.deepEqual(output("check-write", stream), done(0n));
  assert.throws(() => output("write-zeroes", stream, 2n ** 64n - 1n), /more than the 0/u);
  assert.deepEqual(stream.held, [1, 2, 0]);
});

test("a flush takes the permit back, and no write is allowed until it is done", async () => {
  const stream = new MemoryOutput(3);
  output("check-write", stream);
  output("write", stream, bytes(1));
  output("check-write", stream);
  assert.deepEqual(output("flush", stream), done());
  assert.throws(() => output("write", stream, bytes(2)), /more than the 0/u);
  assert.deepEqual(output("check-write", stream), done(0n));
  const flushed = output("blocking-flush", stream);
  assert.ok(flushed instanceof Promise);
  stream.take();
  assert.deepEqual(await flushed, done());
  assert.deepEqual(output("check-write", stream), done(3n));
});

test("a blocking write writes all of it, as the stream has room, and ends when it is flushed", async () => {
  const stream = new MemoryOutput(2);
  const written = output("blocking-write-and-flush", stream, bytes(1, 2, 3, 4, 5)) as Promise<unknown>;
  let ended = false;
  void written.then(() => (ended = true));
  for (const expected of [[1, 2], [3, 4], [5]]) {
    while (stream.held.length < expected.length) await new Promise(setImmediate);
    assert.deepEqual(stream.held, expected);
    assert.equal(ended, false);
    stream.take();
  }
  assert.deepEqual(await written, done());
  const zeroes = output("blocking-write-zeroes-and-flush", stream, 2n);
  stream.take();
  assert.deepEqual(await zeroes, done());
  assert.deepEqual(stream.taken, [1, 2, 3, 4, 5, 0, 0]);
});

test("an error met while waiting ends the wait", async () => {
  const error = new IoError("the disk is full");
  const failure = { tag: "last-operation-failed" as const, val: error };
  const stream = new MemoryOutput(1);
  const written = output("blocking-write-and-flush", stream, bytes(1, 2));
  stream.end(failure);
  assert.deepEqual(await written, { tag: "err", val: failure });
  assert.deepEqual(callHost(ioError, "[method]error.to-debug-string", context, error), done("the disk is full"));

  const flushing = new MemoryOutput(1);
  output("check-write", flushing);
  output("write", flushing, bytes(1));
  const flushed = output("blocking-flush", flushing);
  flushing.end(failure);
  assert.deepEqual(await flushed, { tag: "err", val: failure });
  const source = new MemoryInput();
  const read = input("blocking-read", source, 1n);
  source.end(failure);
  assert.deepEqual(await read, { tag: "err", val: failure });
});

test("a splice moves what one side has and the other takes", async () => {
  const [from, to] = [new MemoryInput().put(1, 2, 3, 4, 5), new MemoryOutput(3)];
  assert.deepEqual(output("splice", to, from, 2n), done(2n));
  assert.deepEqual(output("splice", to, from, 2n ** 64n - 1n), done(1n));
  assert.deepEqual(output("splice", to, from, 9n), done(0n));
  const spliced = output("blocking-splice", to, from, 9n);
  assert.ok(spliced instanceof Promise);
  to.take();
  assert.deepEqual(await spliced, done(2n));
  const last = output("blocking-splice", to, from, 9n);
  from.put(6);
  assert.deepEqual(await last, done(1n));
  assert.deepEqual([...to.taken, ...to.held], [1, 2, 3, 4, 5, 6]);
  to.take();
  assert.deepEqual(output("blocking-splice", to, from.end(), 9n), CLOSED);
  assert.deepEqual(output("splice", to.end(), new MemoryInput().put(1), 9n), CLOSED);
});

test("waits end with the invocation", async () => {
  const ending = hostContext();
  const [source, full] = [new MemoryInput(), new MemoryOutput(0)];
  const call = (name: string, ...parameters: readonly unknown[]): unknown =>
    callHost(ioStreams, name, ending, ...parameters);
  const waits = [
    call("[method]input-stream.blocking-read", source, 1n),
    call("[method]input-stream.blocking-skip", source, 1n),
    call("[method]output-stream.blocking-write-and-flush", full, bytes(1)),
    call("[method]output-stream.blocking-splice", full, source, 1n),
  ];
  ending.abort();
  await Promise.all(waits);
  assert.equal(source.arrived.waiting + full.changed.waiting, 0);
});

test("subscribe gives a pollable of the stream", () => {
  const stream = new MemoryInput();
  const { val } = input("subscribe", stream) as { readonly val: unknown };
  assert.ok(val instanceof Pollable);
  assert.equal(val.ready(), false);
  stream.put(1);
  assert.equal(val.ready(), true);
  const writable = output("subscribe", new MemoryOutput(1)) as { readonly val: Pollable };
  assert.equal(writable.val.ready(), true);
});

test("any sequence of reads gives the bytes in order, each once", async () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constant("put" as const), bytes: fc.array(fc.nat(255), { maxLength: 5 }) }),
    fc.record({
      kind: fc.constantFrom("read" as const, "blocking-read" as const),
      length: fc.oneof(fc.bigInt(0n, 6n), fc.constant(2n ** 64n - 1n)),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
      const stream = new MemoryInput();
      const put: number[] = [];
      const got: number[] = [];
      for (const one of operations) {
        if (one.kind === "put") {
          put.push(...one.bytes);
          stream.put(...one.bytes);
          continue;
        }
        const answer = input(one.kind, stream, one.length);
        // Nothing is there: the byte comes while the guest waits.
        if (answer instanceof Promise) {
          put.push(put.length % 256);
          stream.put((put.length - 1) % 256);
        }
        const { val } = (await answer) as { readonly val: Uint8Array };
        assert.ok(BigInt(val.length) <= one.length);
        assert.ok(one.kind === "read" || one.length === 0n || val.length > 0);
        got.push(...val);
      }
      assert.deepEqual(got, put.slice(0, got.length));
    }),
    { numRuns: 200 },
  );
});

test("any sequence of writes, flushes and splices keeps the order and never passes the room there is", async () => {
  const operation = fc.record({
    kind: fc.constantFrom("write", "write-zeroes", "flush", "splice", "blocking-write-and-flush", "take"),
    size: fc.nat(8),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(operation, { maxLength: 30 }),
      async (room, operations) => {
        const stream = new MemoryOutput(room);
        const written: number[] = [];
        for (const { kind, size } of operations) {
          const next = Array.from({ length: size }, (_, index) => (written.length + index + 1) % 251);
          const { val: permitted } = output("check-write", stream) as { readonly val: bigint };
          const allowed = next.slice(0, Number(permitted));
          if (kind === "write") {
            output("write", stream, Uint8Array.from(allowed));
            written.push(...allowed);
          } else if (kind === "write-zeroes") {
            output("write-zeroes", stream, BigInt(allowed.length));
            written.push(...allowed.map(() => 0));
          } else if (kind === "splice") {
            const { val } = output("splice", stream, new MemoryInput().put(...next), 99n) as { readonly val: bigint };
            written.push(...next.slice(0, Number(val)));
          } else if (kind === "blocking-write-and-flush") {
            const answer = output(kind, stream, Uint8Array.from(next));
            const reader = setInterval(() => stream.take(), 0);
            await answer;
            clearInterval(reader);
            written.push(...next);
          } else if (kind === "flush") output("flush", stream);
          else stream.take(size);
          assert.deepEqual([...stream.taken, ...stream.held], written);
        }
      },
    ),
    { numRuns: 100 },
  );
});
