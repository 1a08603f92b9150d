import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossingRoom, SHARES } from "../../crossings/crossing-room.ts";
import { pack } from "../../crossings/parcel.ts";
import { ParcelOpener } from "../../crossings/parcel-opener.ts";
import { ReceivedValues } from "../../crossings/received-values.ts";
import { RoomQueue } from "./room-queue.ts";

const MIB = 1024 * 1024;
/** Shares of two programs. */
const [ONE, OTHER] = [0, 1];
const NEVER = new AbortController().signal;

function roomOf(bytes: number): CrossingRoom {
  return new CrossingRoom({ arguments: bytes, results: bytes });
}

test("what one worker holds leaves no room for the guests of another", async () => {
  const room = roomOf(MIB);
  const [one, other] = [new RoomQueue(room.open(), "results"), new RoomQueue(room.open(), "results")];
  assert.equal(other.isFullFor(ONE), false);
  const held = one.hold(ONE, MIB);
  assert.equal(other.isFullFor(ONE), true);
  const waiting = other.wait(ONE, MIB, NEVER);
  held?.release();
  const granted = await waiting;
  // What may yet be lifted counts until it is known.
  assert.equal(one.isFullFor(ONE), true);
  granted.release();
  assert.equal(one.isFullFor(ONE), false);
});

test("arguments and results have room of their own", () => {
  const room = roomOf(MIB);
  const share = room.open();
  new RoomQueue(share, "arguments").hold(ONE, MIB);
  assert.equal(new RoomQueue(share, "results").isFullFor(ONE), false);
});

test("guests that wait go on in order, and none overtakes them", async () => {
  const queue = new RoomQueue(roomOf(MIB).open(), "arguments");
  const held = queue.hold(ONE, MIB);
  const order: number[] = [];
  const waiting = [0, 1, 2].map(async (guest) => {
    const granted = await queue.wait(ONE, MIB, NEVER);
    order.push(guest);
    assert.equal(queue.isFullFor(ONE), true);
    granted.release();
  });
  held?.release();
  assert.equal(queue.isFullFor(ONE), true);
  await Promise.all(waiting);
  assert.deepEqual(order, [0, 1, 2]);
});

test("who gives up waiting takes no room, and keeps nobody from it", async () => {
  const queue = new RoomQueue(roomOf(MIB).open(), "results");
  const held = queue.hold(ONE, MIB);
  const stop = new AbortController();
  const given = queue.wait(ONE, MIB, stop.signal);
  const next = queue.wait(ONE, MIB, NEVER);
  stop.abort(new Error("it has ended"));
  await assert.rejects(given, /it has ended/u);
  held?.release();
  (await next).release();
  assert.equal(queue.isFullFor(ONE), false);
});

test("a worker that is gone holds nothing, and its place is used again", () => {
  const room = roomOf(MIB);
  const [gone, stays] = [room.open(), room.open()];
  new RoomQueue(gone, "results").hold(ONE, 2 * MIB);
  const queue = new RoomQueue(stays, "results");
  assert.equal(queue.isFullFor(ONE), true);
  room.close(gone, []);
  room.free(gone);
  assert.equal(queue.isFullFor(ONE), false);
  assert.equal(room.open().worker, gone.worker);
});

test("the main thread gives back what a result took", () => {
  const room = roomOf(MIB);
  const share = room.open();
  const queue = new RoomQueue(share, "results");
  const held = queue.hold(ONE, MIB);
  const units = held?.handOver() ?? { units: 0, share: ONE };
  held?.release();
  assert.equal(queue.isFullFor(ONE), true);
  room.resultTaken(share, units);
  assert.equal(queue.isFullFor(ONE), false);
});

// Weakening: what a program holds is not counted by itself.
test("a program that holds its share waits, wherever its guests are, and keeps no other waiting", async () => {
  const room = roomOf(4 * MIB);
  const [here, there] = [new RoomQueue(room.open(), "arguments"), new RoomQueue(room.open(), "arguments")];
  const held = here.hold(ONE, 2 * MIB);
  assert.deepEqual([here.isFullFor(ONE), there.isFullFor(ONE)], [true, true]);
  let isGranted = false;
  const waiting = there.wait(ONE, MIB, NEVER).then((granted) => {
    isGranted = true;
    granted.release();
  });
  assert.deepEqual([here.isFullFor(OTHER), there.isFullFor(OTHER)], [false, false]);
  (await there.wait(OTHER, MIB, NEVER)).release();
  assert.equal(isGranted, false);
  held?.release();
  await waiting;
});

test("programs have shares of their own while there are as many", () => {
  const room = roomOf(MIB);
  const shares = Array.from({ length: SHARES }, (_, index) => room.shareOf(`program ${index}`));
  assert.deepEqual([new Set(shares).size, room.shareOf("program 7")], [SHARES, shares[7]]);
  const more = room.shareOf("one more");
  assert.equal(shares[0], more);
  room.forget("program 7");
  assert.equal(room.shareOf("another"), shares[7]);
});

// Weakening: what is handed on later is given back by cells that are another worker's by then.
test("a result that the embedder has after its worker is gone counts until then, and for nobody else", async () => {
  const room = roomOf(MIB);
  const opener = new ParcelOpener();
  const received = new ReceivedValues({ room, opener });
  const held = new RoomQueue(received.room, "results").hold(ONE, MIB)?.handOver() ?? { units: 0, share: ONE };
  const { parcel, transfer } = pack("x".repeat(MIB));
  const value: unknown = structuredClone(parcel, { transfer: transfer as never[] });
  const sent = { outcome: { kind: "value", value }, isParcel: true, held } as const;
  const opened = received.outcome(sent);
  received.close();
  const next = new ReceivedValues({ room, opener });
  const queue = new RoomQueue(next.room, "results");
  assert.notEqual(next.room.worker, received.room.worker);
  assert.equal(queue.isFullFor(OTHER), true);
  await opened;
  received.handedOn(sent);
  assert.equal(queue.isFullFor(OTHER), false);
  // Nothing is below zero: as much as there is room for fills it.
  queue.hold(ONE, MIB);
  assert.equal(queue.isFullFor(OTHER), true);
  assert.equal(room.open().worker, received.room.worker);
});
