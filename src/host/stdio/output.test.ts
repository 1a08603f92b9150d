import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { callHost, hostContext, InvocationEnded, type TestContext } from "../../../test/support/host-context.ts";
import type { OutputStream } from "../io/streams.ts";
import { cliStderr, cliStdout } from "./binding.ts";
import { drainStdio } from "./drain-stdio.ts";

const ROOM = 64 * 1024;

/** An embedder that answers when the test says so. */
class Embedder {
  readonly got: { readonly service: string; readonly bytes: Uint8Array }[] = [];
  readonly open: { readonly resolve: () => void; readonly reject: (reason: Error) => void }[] = [];

  readonly ask = (service: string, payload: unknown): Promise<unknown> => {
    // What is sent to another thread is copied with the whole of its buffer.
    const bytes = payload as Uint8Array;
    assert.equal(bytes.length, bytes.buffer.byteLength);
    this.got.push({ service, bytes });
    return new Promise<void>((resolve, reject) => this.open.push({ resolve, reject }));
  };

  async answer(): Promise<void> {
    this.open.shift()?.resolve();
    await new Promise(setImmediate);
  }

  async fail(): Promise<void> {
    this.open.shift()?.reject(new Error("gone"));
    await new Promise(setImmediate);
  }

  text(service: string): string {
    return Buffer.concat(this.got.filter((one) => one.service === service).map((one) => one.bytes)).toString();
  }
}

function stdout(context: TestContext): OutputStream {
  return (callHost(cliStdout, "get-stdout", context) as { readonly val: OutputStream }).val;
}

function stderr(context: TestContext): OutputStream {
  return (callHost(cliStderr, "get-stderr", context) as { readonly val: OutputStream }).val;
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

test("the first chunk goes at once, and what is written meanwhile as one after it", async () => {
  const embedder = new Embedder();
  const context = hostContext({ ask: embedder.ask });
  const [out, again, other] = [stdout(context), stdout(context), stderr(context)];
  for (const text of ["a", "", "b", "c"]) out.write(context, bytes(text));
  again.write(context, bytes("d"));
  other.write(context, bytes("!"));
  again[Symbol.dispose]();
  assert.deepEqual(
    embedder.got.map(({ service, bytes: sent }) => [service, sent.length]),
    [
      ["stdout", 1],
      ["stderr", 1],
    ],
  );
  await embedder.answer();
  assert.equal(embedder.text("stdout"), "abcd");
  out.write(context, bytes("e"));
  const drained = drainStdio(context);
  while (embedder.open.length > 0) await embedder.answer();
  await drained;
  assert.equal(embedder.text("stdout"), "abcde");
  assert.equal(embedder.text("stderr"), "!");
});

test("an empty write sends nothing, and the next one is sent", async () => {
  const embedder = new Embedder();
  const context = hostContext({ ask: embedder.ask });
  const out = stdout(context);
  out.write(context, bytes(""));
  await drainStdio(context);
  out.write(context, bytes("x"));
  assert.equal(embedder.text("stdout"), "x");
});

test("a view of a larger buffer is sent without the rest of it", () => {
  const embedder = new Embedder();
  const context = hostContext({ ask: embedder.ask });
  stdout(context).write(context, bytes("secret: shown").subarray(8));
  assert.equal(embedder.text("stdout"), "shown");
});

test("there is room for 64 KiB in flight, and again as the embedder answers", async () => {
  const embedder = new Embedder();
  const context = hostContext({ ask: embedder.ask });
  const out = stdout(context);
  out.write(context, new Uint8Array(ROOM - 1));
  assert.deepEqual(out.checkWrite(context), { tag: "ok", val: 1 });
  out.write(context, new Uint8Array(1));
  assert.deepEqual([out.ready(), out.checkWrite(context)], [false, { tag: "ok", val: 0 }]);
  assert.throws(() => out.write(context, new Uint8Array(1)), /it is full/u);
  const waited = out.wait(context.signal);
  await embedder.answer();
  await waited;
  assert.deepEqual([out.ready(), out.checkWrite(context)], [true, { tag: "ok", val: ROOM - 1 }]);
});

test("a flush is done when the embedder has all that was written", async () => {
  const embedder = new Embedder();
  const context = hostContext({ ask: embedder.ask });
  const out = stdout(context);
  out.flush(context);
  assert.equal(out.ready(), true);
  out.write(context, bytes("a"));
  out.write(context, bytes("b"));
  out.flush(context);
  assert.deepEqual([out.ready(), out.checkWrite(context)], [false, { tag: "ok", val: 0 }]);
  await embedder.answer();
  assert.equal(out.ready(), false);
  await embedder.answer();
  assert.equal(out.ready(), true);
});

test("an embedder that is gone closes the stream, and ends waits", async () => {
  const embedder = new Embedder();
  const context = hostContext({ ask: embedder.ask });
  const out = stdout(context);
  out.write(context, bytes("a"));
  out.flush(context);
  const waits = [out.wait(context.signal), drainStdio(context)];
  await embedder.fail();
  await Promise.all(waits);
  const closed = { tag: "err", val: { tag: "closed" } };
  assert.equal(out.ready(), true);
  assert.deepEqual(
    [out.checkWrite(context), out.write(context, bytes("b")), out.flush(context)],
    [closed, closed, closed],
  );
  assert.equal(stderr(context).ready(), true);
});

test("past the limit of both together, what fits is sent and the invocation ends", async () => {
  const embedder = new Embedder();
  const context = hostContext({ ask: embedder.ask, limits: { maxStdoutBytes: 10 } });
  stderr(context).write(context, bytes("1234"));
  stdout(context).write(context, bytes("567890"));
  assert.equal(stdout(context).write(context, bytes("")).tag, "ok");
  assert.throws(
    () => stderr(context).write(context, bytes("!")),
    (thrown: unknown) => {
      assert.ok(thrown instanceof InvocationEnded);
      assert.deepEqual(thrown.ending, {
        kind: "limit",
        limit: "stdout-bytes",
        cap: 10,
        message: "it wrote more than 10 bytes of output",
      });
      return true;
    },
  );
  const second = hostContext({ ask: embedder.ask, limits: { maxStdoutBytes: 3 } });
  assert.throws(() => stdout(second).write(second, bytes("abcdef")), InvocationEnded);
  assert.equal(embedder.text("stderr"), "1234");
  assert.equal(embedder.text("stdout"), "567890abc");
});

test("any sequence of writes, flushes and answers keeps the order and the bounds", async () => {
  const operation = fc.record({
    kind: fc.constantFrom("write" as const, "flush" as const, "answer" as const),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
      const embedder = new Embedder();
      const context = hostContext({ ask: embedder.ask });
      const out = stdout(context);
      const written: Uint8Array[] = [];
      let answered = 0;
      const sum = (): number => written.reduce((total, one) => total + one.length, 0);
      for (const { kind, part } of operations) {
        if (kind === "flush") out.flush(context);
        else if (kind === "answer") {
          answered += embedder.open.length === 0 ? 0 : (embedder.got.at(-1)?.bytes.length ?? 0);
          await embedder.answer();
        } else {
          const room = out.checkWrite(context);
          const next = new Uint8Array(Math.floor(part * (room.tag === "ok" ? room.val : 0))).fill(written.length);
          written.push(next.slice());
          out.write(context, next);
        }
        assert.ok(sum() - answered <= ROOM);
        assert.ok(embedder.open.length <= 1);
      }
      const drained = drainStdio(context);
      while (embedder.open.length > 0) await embedder.answer();
      await drained;
      assert.ok(Buffer.concat(written).equals(Buffer.concat(embedder.got.map((one) => one.bytes))));
    }),
    { numRuns: 60 },
  );
});
