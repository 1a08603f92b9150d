import assert from "node:assert/strict";
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Guest, HOLDINGS, Playground, preopen } from "../../../../test/support/filesystem.ts";
import type { InputStream, OutputStream } from "../../io/streams.ts";

test("a rate that is used up makes streams wait, and reads and writes too", async () => {
  using place = new Playground();
  writeFileSync(join(place.inside, "file"), "x".repeat(3_000));
  const limits = { readBytesPerSecond: 1_000, writeBytesPerSecond: 1_000 };
  let time = 0;
  using guest = new Guest([preopen(place.inside)], undefined, limits, undefined, () => time);
  const { context } = guest;
  using file = await guest.opened("file", "rw");
  using reader = (await guest.call("read-via-stream", file, 0n)) as InputStream;
  using writer = (await guest.call("write-via-stream", file, 0n)) as OutputStream;
  const first = reader.read(context, 3_000);
  assert.equal(first.tag === "ok" && first.val.length, 1_000);
  assert.equal(reader.ready(), false);
  assert.deepEqual(reader.read(context, 10), { tag: "ok", val: new Uint8Array(0) });
  const waiting = reader.wait(context.signal);
  time += 5;
  await waiting;
  assert.ok(reader.ready());
  const [bytes] = (await guest.call("read", file, 10n, 0n)) as [Uint8Array];
  assert.equal(bytes.length, 5);

  assert.deepEqual(writer.checkWrite(context), { tag: "ok", val: 1_000 });
  assert.equal(writer.write(context, Buffer.alloc(1_000)).tag, "ok");
  assert.deepEqual(writer.checkWrite(context), { tag: "ok", val: 0 });
  const written = guest.call("write", file, Buffer.alloc(10), 0n);
  time += 5;
  assert.equal(await written, 5n);
});

test("what waits for a rate ends with the invocation", async () => {
  using place = new Playground();
  writeFileSync(join(place.inside, "file"), "x".repeat(100));
  using guest = new Guest([preopen(place.inside)], undefined, { readBytesPerSecond: 1 });
  const { context } = guest;
  using file = await guest.opened("file", "r");
  // Owed for longer than any machine takes.
  assert.ok(context.meters.read.charge(1_000));
  using reader = (await guest.call("read-via-stream", file, 0n)) as InputStream;
  const waits = [guest.call("read", file, 1n, 0n), reader.wait(context.signal)];
  context.abort();
  assert.deepEqual(await Promise.all(waits), ["!interrupted", undefined]);
});

test("the last byte that is granted is written and flushed without a failure; one more is", async () => {
  using place = new Playground();
  using guest = new Guest([preopen(place.inside)], undefined, { maxWriteBytes: 4 });
  const { context } = guest;
  using file = await guest.opened("file", "wc");
  using writer = (await guest.call("write-via-stream", file, 0n)) as OutputStream;
  assert.equal(writer.write(context, Buffer.from("four")).tag, "ok");
  assert.equal(writer.flush(context).tag, "ok");
  assert.equal(writer.checkWrite(context).tag, "ok");
  assert.equal(writer.write(context, Buffer.from("!")).tag, "err");
  assert.equal(readFileSync(join(place.inside, "file"), "utf8"), "four");
  assert.equal(context.meters.write.used, 4);
});

test("a file that becomes shorter is at its end, and one that grows is read on", async () => {
  using place = new Playground();
  const path = join(place.inside, "file");
  writeFileSync(path, "0123456789");
  using guest = new Guest([preopen(place.inside)]);
  const { context } = guest;
  using file = await guest.opened("file", "r");
  using reader = (await guest.call("read-via-stream", file, 0n)) as InputStream;
  assert.equal(reader.read(context, 5).tag, "ok");
  truncateSync(path, 2);
  assert.deepEqual(reader.read(context, 5), { tag: "err", val: { tag: "closed" } });
  writeFileSync(path, "0123456789");
  assert.deepEqual(reader.read(context, 5), { tag: "ok", val: Buffer.from("56789") });
  assert.equal(context.meters.read.used, 10);
});

test("what is appended by two streams and by the host keeps its place", async () => {
  using place = new Playground();
  const path = join(place.inside, "log");
  using guest = new Guest([preopen(place.inside)]);
  const { context } = guest;
  using file = await guest.opened("log", "wc");
  using one = (await guest.call("append-via-stream", file)) as OutputStream;
  using two = (await guest.call("append-via-stream", file)) as OutputStream;
  for (let turn = 0; turn < 10; turn++) {
    one.write(context, Buffer.from("one "));
    two.write(context, Buffer.from("two "));
    writeFileSync(path, "host ", { flag: "a" });
  }
  assert.equal(readFileSync(path, "utf8"), "one two host ".repeat(10));
  assert.equal(statSync(path).size, context.meters.write.used + 50);
});

for (const [name, holding] of HOLDINGS) {
  test(`${name}: streams read, write and append, and outlive their descriptor`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "0123456789");
    using guest = new Guest([preopen(place.inside)], holding);
    const { context } = guest;
    const file = await guest.opened("file", "rw");
    using reader = (await guest.call("read-via-stream", file, 4n)) as InputStream;
    using writer = (await guest.call("write-via-stream", file, 8n)) as OutputStream;
    using appender = (await guest.call("append-via-stream", file)) as OutputStream;
    file[Symbol.dispose]();
    assert.ok(reader.ready() && writer.ready() && appender.ready());
    assert.deepEqual(reader.read(context, 3), { tag: "ok", val: Buffer.from("456") });
    assert.deepEqual(writer.write(context, Buffer.from("ab")), { tag: "ok", val: undefined });
    assert.deepEqual(appender.write(context, Buffer.from("cd")), { tag: "ok", val: undefined });
    writeFileSync(join(place.inside, "file"), "!", { flag: "a" });
    assert.deepEqual(appender.write(context, Buffer.from("ef")), { tag: "ok", val: undefined });
    assert.deepEqual(reader.read(context, 100), { tag: "ok", val: Buffer.from("7abcd!ef") });
    assert.deepEqual(reader.read(context, 100), { tag: "err", val: { tag: "closed" } });
    assert.deepEqual(writer.flush(context), { tag: "ok", val: undefined });
    const room = writer.checkWrite(context);
    assert.ok(room.tag === "ok" && room.val > 4096);
    for (const stream of [reader, writer, appender]) stream[Symbol.dispose]();
    assert.equal(context.meters.openFiles.held, 0);
  });

  test(`${name}: one stream alone keeps its file open`, async () => {
    using place = new Playground();
    writeFileSync(join(place.inside, "file"), "0123456789");
    using guest = new Guest([preopen(place.inside)], holding);
    const { context } = guest;
    for (const method of ["read-via-stream", "write-via-stream"]) {
      const file = await guest.opened("file", "rw");
      const stream = (await guest.call(method, file, 0n)) as InputStream | OutputStream;
      file[Symbol.dispose]();
      assert.equal(context.meters.openFiles.held, 1);
      const result = stream.kind === "input-stream" ? stream.read(context, 1) : stream.write(context, Buffer.from("x"));
      assert.equal(result.tag, "ok");
      stream[Symbol.dispose]();
      stream[Symbol.dispose]();
      assert.equal(context.meters.openFiles.held, 0);
    }
  });
}
