import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossingRoom } from "../../crossings/crossing-room.ts";
import { RoomQueue } from "./room-queue.ts";

const MIB = 1024 * 1024;
const NEVER = new AbortController().signal;

function roomOf(bytes: number): CrossingRoom {
  return new CrossingRoom({ arguments: bytes, results: bytes });
}

test("what one worker holds leaves no room for the guests of another", async () => {
  const room = roomOf(MIB);
  const [one, other] = [new RoomQueue(room.open(), "results"), new RoomQueue(room.open(), "results")];
  assert.equal(other.isFull, false);
  const held = one.hold(MIB);
  assert.equal(other.isFull, true);
  const waiting = other.wait(MIB, NEVER);
  held?.release();
  const granted = await waiting;
  // What may yet be lifted counts until it is known.
  assert.equal(one.isFull, true);
  granted.release();
  assert.equal(one.isFull, false);
});

test("arguments and results have room of their own", () => {
  const room = roomOf(MIB);
  const share = room.open();
  new RoomQueue(share, "arguments").hold(MIB);
  assert.equal(new RoomQueue(share, "results").isFull, false);
});

test("guests that wait go on in order, and none overtakes them", async () => {
  const queue = new RoomQueue(roomOf(MIB).open(), "arguments");
  const held = queue.hold(MIB);
  const order: number[] = [];
  const waiting = [0, 1, 2].map(async (guest) => {
    const granted = await queue.wait(MIB, NEVER);
    order.push(guest);
    assert.equal(queue.isFull, true);
    granted.release();
  });
  held?.release();
  assert.equal(queue.isFull, true);
  await Promise.all(waiting);
  assert.deepEqual(order, [0, 1, 2]);
});

test("who gives up waiting takes no room, and keeps nobody from it", async () => {
  const queue = new RoomQueue(roomOf(MIB).open(), "results");
  const held = queue.hold(MIB);
  const stop = new AbortController();
  const given = queue.wait(MIB, stop.signal);
  const next = queue.wait(MIB, NEVER);
  stop.abort(new Error("it has ended"));
  await assert.rejects(given, /it has ended/u);
  held?.release();
  (await next).release();
  assert.equal(queue.isFull, false);
});

test("a worker that is gone holds nothing, and its place is used again", () => {
  const room = roomOf(MIB);
  const [gone, stays] = [room.open(), room.open()];
  new RoomQueue(gone, "results").hold(2 * MIB);
  const queue = new RoomQueue(stays, "results");
  assert.equal(queue.isFull, true);
  room.close(gone);
  assert.equal(queue.isFull, false);
  assert.equal(room.open().worker, gone.worker);
});

test("the main thread gives back what a result took", () => {
  const room = roomOf(MIB);
  const share = room.open();
  const queue = new RoomQueue(share, "results");
  const held = queue.hold(MIB);
  const units = held?.handOver() ?? 0;
  held?.release();
  assert.equal(queue.isFull, true);
  room.resultTaken(share, units);
  assert.equal(queue.isFull, false);
});
