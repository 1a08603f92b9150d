import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { listen } from "../../src/host/http/exchange-harness.test.ts";
import { type CordonError, type GrantsInput, type Limits, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { playgroundWithSecret } from "../support/filesystem.ts";
import { TEST_CACHE, testGuest } from "../support/guests.ts";
import { probe } from "../support/probe.ts";
import { tcpServer } from "../support/socket-guest.ts";

/*
 * Limits on input and output that are reached by real guests, and by nothing else in this folder: rates, totals of sockets and HTTP,
 * whole files and bodies of skills. Each case was seen to fail with the weakening that its comment names.
 */

/** A rate, in bytes in a second, of which a guest gets one second's at once, and too little time for the rest. */
const RATE = 1_000;
const SHORT: Partial<Limits> = { timeoutMs: 500 };

/** What a guest may have had by its end, which comes late on a machine that is busy, in bytes. */
function mostOf({ usage }: CordonError): number {
  return RATE * (1 + (usage?.wallMs ?? 0) / 1_000);
}

// Weakening: `ByteMeter` has no rate.
test("files are read and written no faster than the rate", async () => {
  using place = playgroundWithSecret();
  writeFileSync(join(place.inside, "large"), Buffer.alloc(10_000));
  const filesystem: GrantsInput["filesystem"] = { preopens: [`${place.inside}::/:rw`], create: true };
  const read = { readBytesPerSecond: RATE };
  const write = { writeBytesPerSecond: RATE };
  await using guest = await probe({ filesystem }, { ...read, ...write });
  const reading = (limits: Partial<Limits>): Promise<number> =>
    guest.run(
      ({ folders, open, call }) => {
        const stream = call(open(folders()[0], "large"), "readViaStream", 0);
        for (let total = 0; ;) {
          const part = call(stream, "blockingRead", 4_096);
          if (typeof part === "string") return total;
          total += (part as Uint8Array).length;
        }
      },
      undefined,
      { limits },
    );
  const slow = await failsWith("limit", /did not end within 500 ms/u, reading(SHORT));
  assert.ok((slow.usage?.readBytes ?? 0) <= mostOf(slow), `${slow.usage?.readBytes}`);
  assert.equal(await reading({ readBytesPerSecond: 1_000_000 }), 10_000);

  const writing = (limits: Partial<Limits>): Promise<unknown> =>
    guest.run(
      ({ folders, open, call }) => {
        const stream = call(open(folders()[0], "new", "wct"), "writeViaStream", 0);
        for (let left = 10; left > 0; left -= 1) call(stream, "blockingWriteAndFlush", new Uint8Array(1_000));
        return "written";
      },
      undefined,
      { limits },
    );
  const written = await failsWith("limit", /did not end within 500 ms/u, writing(SHORT));
  assert.ok(statSync(join(place.inside, "new")).size <= mostOf(written));
  assert.equal(await writing({ writeBytesPerSecond: 1_000_000 }), "written");
});

// Weakening, each alone: `ByteMeter` has no total; it has no rate.
test("sockets read and write no more than the total, and no faster than the rate", async () => {
  // By connection: what one has sent may still arrive while the next one sends.
  const received: number[] = [];
  await using server = await tcpServer((socket) => {
    const connection = received.push(0) - 1;
    socket.on("data", ({ length }) => (received[connection] = (received[connection] ?? 0) + length));
    socket.write(Buffer.alloc(100_000));
  });
  const allow = [`tcp://127.0.0.1:${server.port}`];
  const moving = (guest: Awaited<ReturnType<typeof probe>>, limits: Partial<Limits>): Promise<readonly number[]> =>
    guest.run(
      ({ connect, address, call }, port) => {
        const [, input, output] = connect(address("127.0.0.1", port)) as readonly unknown[];
        let [read, written] = [0, 0];
        for (;;) {
          const part = call(input, "blockingRead", 1_000);
          if (typeof part === "string") break;
          read += (part as Uint8Array).length;
          if (read >= 10_000) break;
        }
        while (written < 10_000 && call(output, "blockingWriteAndFlush", new Uint8Array(100)) === "ok") written += 100;
        return [read, written];
      },
      server.port,
      { limits },
    );
  await using guest = await probe({ network: { allow } });
  const [read, written] = await moving(guest, { maxReadBytes: 2_500, maxWriteBytes: 700 });
  assert.deepEqual([read, written], [2_500, 700]);
  assert.deepEqual(await moving(guest, {}), [10_000, 10_000]);
  await failsWith("limit", /did not end/u, moving(guest, { ...SHORT, readBytesPerSecond: RATE }));
  const slow = await failsWith("limit", /did not end/u, moving(guest, { ...SHORT, writeBytesPerSecond: RATE }));
  assert.equal(received.length, 4);
  assert.ok((received[3] ?? 0) <= mostOf(slow), received.join(" "));
});

// Weakening: `CountMeter` grants whatever is asked.
test("raw connections are bounded, and closing one makes room", async () => {
  await using server = await tcpServer((socket) => void socket.resume());
  await using guest = await probe({ network: { allow: [`tcp://127.0.0.1:${server.port}`] } }, { maxConnections: 3 });
  const answers = await guest.run(({ connect, address, drop }, port) => {
    const one = (): unknown => connect(address("127.0.0.1", port));
    const held = [one(), one(), one()];
    const over = one();
    const [socket, input, output] = held[0] as readonly unknown[];
    drop(input, output, socket);
    const again = one();
    return [...held, over, again].map((answer) => (typeof answer === "string" ? answer : "connected"));
  }, server.port);
  assert.deepEqual(answers.slice(0, 3), ["connected", "connected", "connected"]);
  assert.match(answers[3] ?? "", /^!/u);
  assert.equal(answers[4], "connected");
});

/** Answers every request with so many bytes. */
const answering = (bytes: number) => (socket: Socket) => {
  socket.once("data", () => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`);
    socket.end(Buffer.alloc(bytes, "x"));
  });
};

// Weakening: `ByteMeter` has no total.
test("HTTP bodies count towards the totals", async () => {
  const port = await listen(createServer(answering(50_000)));
  await using guest = await probe({ network: { allow: [`http://127.0.0.1:${port}`] } });
  const reading = (limits: Partial<Limits>, body?: string): Promise<{ length: number; failure: unknown } | string> =>
    guest.run(
      ({ fetch }, given) => {
        const method = given.body === undefined ? undefined : { tag: "post" };
        const answer = fetch({
          authority: given.authority,
          method,
          ...(given.body === undefined ? {} : { body: given.body }),
        });
        return typeof answer === "string" ? answer : { length: answer.body.length, failure: answer.failure };
      },
      { authority: `127.0.0.1:${port}`, body },
      { limits },
    );
  assert.deepEqual(await reading({}), { length: 50_000, failure: null });
  const cut = await reading({ maxReadBytes: 10_000 });
  assert.ok(typeof cut === "object" && cut.length <= 10_000 && cut.failure !== null, JSON.stringify(cut));
  const flood = await reading({ maxWriteBytes: 10_000 }, "y".repeat(40_000));
  assert.ok(typeof flood === "string" && flood.startsWith("!"), JSON.stringify(flood));
});

/** A skill in a script, under grants of files and of one HTTP server. */
async function skill(grants: GrantsInput, limits: Partial<Limits>): Promise<Sandbox> {
  return Sandbox.open(await testGuest(), { cache: TEST_CACHE, grants, limits });
}

// Weakening, each alone: `readOptions` and `writeOptions` give no bound.
test("a skill's whole files are bounded, and what is there stays", async () => {
  using place = playgroundWithSecret();
  const [small, large] = ["small", "large"].map((name) => join(place.inside, name));
  writeFileSync(small ?? "", "x".repeat(1_000));
  writeFileSync(large ?? "", "x".repeat(1_001));
  const filesystem = { read: [place.inside], write: [place.inside] };
  await using sandbox = await skill({ filesystem }, { maxReadFileBytes: 1_000, maxWriteFileBytes: 1_000 });
  assert.equal((await sandbox.call("read", [small])).value, "x".repeat(1_000));
  await failsWith("guest-error", /larger than the limit of 1000 bytes/u, sandbox.call("read", [large]));
  await sandbox.call("write", [small, "y".repeat(1_000)]);
  await failsWith(
    "guest-error",
    /larger than the limit of 1000 bytes/u,
    sandbox.call("write", [small, "z".repeat(1_001)]),
  );
  assert.equal(readFileSync(small ?? "", "utf8"), "y".repeat(1_000));
});

// Weakening, each alone: `readResponse` gets no bound; `isLarger` finds nothing; the timer of a request takes a minute.
test("a skill's HTTP bodies are bounded, and so is the time for an answer", async () => {
  let contacts = 0;
  const port = await listen(
    createServer((socket) => {
      contacts += 1;
      answering(1_001)(socket);
    }),
  );
  const silent = await listen(createServer(() => undefined));
  const network = { hosts: [`127.0.0.1:${port}`, `127.0.0.1:${silent}`] };
  const limits = { maxResponseBodyBytes: 1_000, maxRequestBodyBytes: 1_000 };
  await using sandbox = await skill({ network }, limits);
  const url = `http://127.0.0.1:${port}/`;
  await failsWith("guest-error", /larger than the limit of 1000 bytes/u, sandbox.call("get", [url]));
  assert.equal(
    (await sandbox.call("get", [url], { limits: { maxResponseBodyBytes: 1_001 } })).value,
    "x".repeat(1_001),
  );
  assert.equal(contacts, 2);
  await failsWith(
    "guest-error",
    /larger than the limit of 1000 bytes/u,
    sandbox.call("post", [url, "y".repeat(1_001)]),
  );
  assert.equal(contacts, 2, "nothing was sent");
  const late = sandbox.call("get", [`http://127.0.0.1:${silent}/`], { limits: { httpTimeoutMs: 200 } });
  await failsWith("guest-error", /no complete answer within 200 ms/u, late);
});
