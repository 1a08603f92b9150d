import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type HostFunctionInput, type IsolationLevel, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE } from "../support/guests.ts";
import { streamsGuest } from "../support/stream-guests.ts";

/** A stream of bytes whose parts have these lengths, and what was asked of it. */
function bytes(lengths: readonly number[]): {
  readonly stream: ReadableStream<Uint8Array>;
  readonly asked: { parts: number; cancelled: boolean };
} {
  const asked = { parts: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const length = lengths[asked.parts];
        asked.parts += 1;
        if (length === undefined) controller.close();
        else controller.enqueue(new Uint8Array(length).fill(1));
      },
      cancel: () => {
        asked.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, asked };
}

const stored: Uint8Array[] = [];
const NET: readonly HostFunctionInput[] = [
  {
    interface: "acme:net/files",
    name: "fetch",
    type: "async func(count: u32) -> stream<u8>",
    capability: "net",
    call: ([count]) => bytes(Array.from({ length: count as number }, () => 3)).stream,
  },
  {
    interface: "acme:net/files",
    name: "store",
    type: "async func(bytes: stream<u8>) -> u32",
    capability: "net",
    call: async ([given]) => {
      let count = 0;
      for await (const part of given as ReadableStream<Uint8Array>) {
        stored.push(part);
        count += part.length;
      }
      return count;
    },
  },
  {
    interface: "acme:net/files",
    name: "soon",
    type: "func() -> future<u32>",
    capability: "net",
    call: () => new Promise((resolve) => setImmediate(() => resolve(17))),
  },
];

let guest: string;
before(async () => {
  guest = await streamsGuest();
});

async function total(stream: unknown): Promise<{ readonly length: number; readonly parts: number }> {
  let [length, parts] = [0, 0];
  for await (const part of stream as ReadableStream<Uint8Array>) {
    assert.ok(part instanceof Uint8Array);
    for (const [index, byte] of part.entries()) assert.equal(byte, (length + index) % 256);
    length += part.length;
    parts += 1;
  }
  return { length, parts };
}

for (const isolation of ["thread", "process"] satisfies readonly IsolationLevel[]) {
  describe(`at the isolation level ${isolation}`, () => {
    const open = (options: SandboxOptions = {}): Promise<Sandbox> =>
      Sandbox.open(guest, {
        cache: TEST_CACHE,
        isolation,
        hostFunctions: NET,
        grants: { custom: { net: true } },
        ...options,
      });

    test("an export gives a stream of bytes, of which no more is made than is read", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate();
      const { value } = await instance.call("produce", [10_500]);
      assert.deepEqual(await total(value), { length: 10_500, parts: 11 });
      const second = (await instance.call("produce", [5_000])).value as ReadableStream<Uint8Array>;
      const reader = second.getReader();
      assert.equal((await reader.read()).value?.length, 1_000);
      await reader.cancel();
      const { value: sent } = await instance.call("last");
      assert.ok(sent === 1_000 || sent === 2_000, `${String(sent)} bytes were written`);
    });

    test("a fresh instance gives one too, and is there until it was read", async () => {
      await using sandbox = await open();
      const { value, usage } = await sandbox.call("produce", [3_000]);
      assert.ok((usage.fuel ?? 0) >= 0);
      assert.deepEqual(await total(value), { length: 3_000, parts: 3 });
      const reader = ((await sandbox.call("leave")).value as ReadableStream<Uint8Array>).getReader();
      assert.deepEqual((await reader.read()).value, Uint8Array.of(7, 8, 9, 10, 11));
      await failsWith("cancelled", /that it is of has ended/, reader.read());
    });

    test("streams of other elements come one by one", async () => {
      await using sandbox = await open();
      const { value } = await sandbox.call("words", [2]);
      assert.deepEqual(await Array.fromAsync(value as ReadableStream<string>), ["hello", "world!", "hello", "world!"]);
      const words = ReadableStream.from(["première", "second"]);
      assert.equal((await sandbox.call("first-word", [words])).value, "première");
    });

    test("an export takes a stream, and asks for no more than it reads", async () => {
      await using sandbox = await open();
      const { stream, asked } = bytes([10, 0, 300, 70_000]);
      assert.equal((await sandbox.call("sum", [stream, 1_000_000])).value, 70_310);
      assert.deepEqual(asked, { parts: 5, cancelled: false });
      const much = bytes(Array.from({ length: 1_000 }, () => 100));
      assert.equal((await sandbox.call("sum", [much.stream, 200])).value, 200);
      assert.deepEqual(much.asked, { parts: 2, cancelled: true });
    });

    test("a stream that a guest hands on is handed on", async () => {
      await using sandbox = await open();
      const { stream } = bytes([3, 4]);
      const { value } = await sandbox.call("echo", [stream]);
      const parts = await Array.fromAsync(value as ReadableStream<Uint8Array>);
      assert.deepEqual(
        parts.map((part) => part.length),
        [3, 4],
      );
    });

    test("futures are promises, in both directions", async () => {
      await using sandbox = await open();
      await using instance = await sandbox.instantiate();
      const { value } = await instance.call("later", [12]);
      assert.ok(value instanceof Promise);
      assert.equal(await value, 12);
      assert.equal((await instance.call("wait", [Promise.resolve(7)])).value, 7);
      const slow = Promise.withResolvers<number>();
      setImmediate(() => slow.resolve(8));
      assert.equal((await instance.call("wait", [slow.promise])).value, 8);
      assert.equal((await instance.call("ignore", [Promise.reject(new Error("unseen"))])).value, 1);
    });

    test("asynchronous functions of the embedder's give and take streams", async () => {
      await using sandbox = await open();
      assert.equal((await sandbox.call("fetched", [1_000])).value, 30);
      assert.equal((await sandbox.call("awaited")).value, 17);
      stored.length = 0;
      assert.equal((await sandbox.call("stored", [2_500])).value, 2_500);
      assert.deepEqual(
        stored.map((part) => part.length),
        [1_000, 1_000, 500],
      );
    });

    test("a trap, a deadline and a close end what is being read, with their reasons", async () => {
      await using sandbox = await open();
      const trapped = (await sandbox.call("trap-after", [1_000])).value;
      await failsWith("trap", /unreachable/, total(trapped));
      const limits = { timeoutMs: 300 };
      const late = (await sandbox.call("stall", [], { limits })).value;
      await failsWith("limit", /did not end within 300 ms/, total(late));
      const never = (await sandbox.call("never", [], { limits })).value as Promise<unknown>;
      await failsWith("limit", /did not end within 300 ms/, never);
    });

    test("closing an instance cancels what nobody has read, and waits for the guest's end", async () => {
      await using sandbox = await open();
      const instance = await sandbox.instantiate();
      const { value } = await instance.call("produce", [50_000]);
      await failsWith("usage", /is in a call/, instance.call("last"));
      await instance.close();
      await failsWith("cancelled", /its instance was closed/, total(value));
    });

    test("a stream of the embedder's that fails ends the call, as a fault of its side", async () => {
      await using sandbox = await open();
      const failing = new ReadableStream({ pull: (controller) => controller.error(new Error("torn off")) });
      await failsWith("host", /a stream of the embedder's failed: torn off/, sandbox.call("sum", [failing, 10]));
      const wrong = ReadableStream.from(["text"]);
      await failsWith("host", /expected list<u8>, found string "text"/, sandbox.call("sum", [wrong, 10]));
      const rejected = Promise.reject(new Error("not today"));
      await failsWith("host", /a promise of the embedder's failed: not today/, sandbox.call("wait", [rejected]));
      const odd = Promise.resolve(-1);
      await failsWith("host", /expected u32, found number -1/, sandbox.call("wait", [odd]));
    });
  });
}

test("what is no stream and no promise is refused, and what was given beside it is free again", async () => {
  await using sandbox = await Sandbox.open(guest, { cache: TEST_CACHE, hostFunctions: NET });
  const { stream } = bytes([1]);
  await failsWith("usage", /most: expected u32/, sandbox.call("sum", [stream, -1]));
  assert.equal(stream.locked, false);
  stream.getReader();
  await failsWith("usage", /a stream that is locked/, sandbox.call("sum", [stream, 1]));
  for (const odd of [
    undefined,
    {},
    [1],
    Uint8Array.of(1),
    new Proxy(bytes([]).stream, {}),
    Object.create(ReadableStream.prototype),
  ]) {
    await failsWith("usage", /bytes: expected stream<u8>, found/, sandbox.call("sum", [odd, 1]));
  }
  class Thenable {
    // oxlint-disable-next-line unicorn/no-thenable
    readonly then = (): never => assert.fail("it was called");
  }
  const thenable = new Thenable();
  for (const odd of [undefined, 1, thenable]) {
    await failsWith("usage", /which is no promise/, sandbox.call("wait", [odd]));
  }
});
