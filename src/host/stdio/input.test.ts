import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  callHost,
  hostContext,
  type TestContext,
  type TestContextOptions,
} from "../../../test/support/host-context.ts";
import type { InputStream } from "../io/streams.ts";
import { cliStdin } from "./binding.ts";

const CLOSED = { tag: "err", val: { tag: "closed" } };

function stdin(context: TestContext): InputStream {
  return (callHost(cliStdin, "get-stdin", context) as { readonly val: InputStream }).val;
}

function granted(ask: NonNullable<TestContextOptions["ask"]>): TestContext {
  return hostContext({ grants: { stdin: true }, ask });
}

/** Answers with these chunks, one after the other, and then with the end. */
function chunks(...parts: readonly string[]): { readonly asked: unknown[]; readonly ask: TestContext["ask"] } {
  const left = parts.map((part) => new TextEncoder().encode(part));
  const asked: unknown[] = [];
  return {
    asked,
    ask: async (service, payload) => {
      asked.push([service, payload]);
      return left.shift() ?? new Uint8Array(0);
    },
  };
}

function text(result: unknown): string {
  const { tag, val } = result as { readonly tag: string; readonly val: Uint8Array };
  assert.equal(tag, "ok");
  return new TextDecoder().decode(val);
}

test("without the grant it is at its end, and nothing is asked for", () => {
  const source = chunks("secret");
  const context = hostContext({ ask: source.ask });
  const stream = stdin(context);
  assert.equal(stream.ready(), true);
  assert.deepEqual([stream.read(context, 9), stream.read(context, 0)], [CLOSED, CLOSED]);
  assert.deepEqual(source.asked, []);
});

test("a chunk is asked for when the guest reads, and not before the last one is used up", async () => {
  const source = chunks("abc", "de");
  const context = granted(source.ask);
  const [stream, again] = [stdin(context), stdin(context)];
  assert.deepEqual(source.asked, []);
  assert.equal(text(stream.read(context, 0)), "");
  assert.deepEqual(source.asked, []);
  assert.equal(text(stream.read(context, 2)), "");
  assert.equal(text(again.read(context, 2)), "");
  await stream.wait(context.signal);
  assert.equal(text(stream.read(context, 2)), "ab");
  again[Symbol.dispose]();
  assert.equal(text(stream.read(context, 2)), "c");
  assert.deepEqual(source.asked, [["stdin", 65_536]]);
  await stream.wait(context.signal);
  assert.equal(text(stream.read(context, 99)), "de");
  await stream.wait(context.signal);
  assert.deepEqual(stream.read(context, 99), CLOSED);
  assert.equal(source.asked.length, 3);
});

test("asking whether it is ready asks for a chunk, so that a program that only polls gets one", async () => {
  const context = granted(chunks("x").ask);
  const stream = stdin(context);
  assert.equal(stream.ready(), false);
  await new Promise(setImmediate);
  assert.equal(stream.ready(), true);
});

test("a source that fails, or gives what is no bytes, is at its end", async () => {
  for (const ask of [async () => Promise.reject(new Error("gone")), async () => undefined, async () => "text"]) {
    const context = granted(ask);
    const stream = stdin(context);
    await stream.wait(context.signal);
    assert.deepEqual(stream.read(context, 1), CLOSED);
  }
});

test("a wait ends with the invocation", async () => {
  const context = granted(async () => new Promise(() => undefined));
  const waited = stdin(context).wait(context.signal);
  context.abort();
  await waited;
});

test("whatever the chunks and the reads are, the input is read in order to its end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 8 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
      async (parts, lengths) => {
        const context = granted(chunks(...parts).ask);
        const stream = stdin(context);
        const got: Uint8Array[] = [];
        for (const length of lengths) {
          if (!stream.ready()) await stream.wait(context.signal);
          const result = stream.read(context, length);
          if (result.tag === "err") break;
          assert.ok(result.val.length > 0 && result.val.length <= length);
          got.push(result.val);
        }
        assert.equal(Buffer.concat(got).toString(), Buffer.from(parts.join("")).toString());
      },
    ),
    { numRuns: 60 },
  );
});
