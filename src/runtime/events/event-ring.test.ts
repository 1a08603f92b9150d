import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import type { AuditObservation } from "../../audit/event.ts";
import { EventRingReader, EventRingWriter, ringMemory } from "./event-ring.ts";
import { anyText } from "../../../test/support/any-text.ts";

const DENIED: AuditObservation = {
  eventType: "FilesystemAccess",
  action: "filesystem.open-at",
  resource: "/etc/passwd",
  result: "Denied",
  reason: "no preopen",
};

function taken(reader: EventRingReader): [number, AuditObservation][] {
  const events: [number, AuditObservation][] = [];
  reader.read((ticket, observation) => events.push([ticket, observation]));
  return events;
}

describe("the event ring", () => {
  it("hands on what was written, in order, across its end, whatever the names hold", () => {
    const memory = ringMemory();
    const reader = new EventRingReader(memory);
    const writer = new EventRingWriter(memory, () => undefined);
    const event = fc.record(
      {
        eventType: fc.constantFrom("FilesystemAccess" as const, "NetworkAccess" as const),
        action: fc.string(),
        resource: anyText({ maxLength: 4096 }),
        result: fc.constantFrom("Allowed" as const, "Error" as const),
        reason: anyText(),
      },
      { requiredKeys: ["eventType", "action", "resource", "result"] },
    );
    // One ring for all of them, so that events lie across its end.
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), event), { maxLength: 10 }), (events) => {
        for (const [ticket, observation] of events) writer.write(ticket, observation);
        assert.deepEqual(
          taken(reader),
          events.map(([ticket, observation]) => [ticket, { ...observation }]),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("hands on each event once, whoever reads while an event is handed on, or throws", () => {
    const memory = ringMemory();
    const reader = new EventRingReader(memory);
    const writer = new EventRingWriter(memory, () => undefined);
    for (let ticket = 0; ticket < 5; ticket += 1) writer.write(ticket, DENIED);
    const tickets: number[] = [];
    const take = (ticket: number): void => {
      tickets.push(ticket);
      if (ticket === 3) throw new RangeError("no stack left");
      reader.read(take);
    };
    assert.throws(() => reader.read(take), RangeError);
    reader.read(take);
    assert.deepEqual(tickets, [0, 1, 2, 3, 4]);
  });

  it("calls the reader once until it has read, and not when there is nothing", () => {
    const memory = ringMemory();
    let calls = 0;
    const writer = new EventRingWriter(memory, () => {
      calls += 1;
    });
    writer.callReader();
    assert.equal(calls, 0);
    writer.write(1, DENIED);
    writer.callReader();
    writer.callReader();
    assert.equal(calls, 1);
    taken(new EventRingReader(memory));
    writer.callReader();
    assert.equal(calls, 1);
    writer.write(1, DENIED);
    writer.callReader();
    assert.equal(calls, 2);
  });

  it("says that an event was too long instead of taking all the room", () => {
    const memory = ringMemory();
    new EventRingWriter(memory, () => undefined).write(7, { ...DENIED, resource: "x".repeat(1024 * 1024) });
    const [event] = taken(new EventRingReader(memory));
    assert.equal(event?.[0], 7);
    assert.equal(event[1].resource, "(too long to be recorded)");
    assert.equal(event[1].result, "Denied");
  });

  it("makes the writer wait when it is full, and keeps what was written when the writer's thread is ended", async () => {
    const memory = ringMemory();
    const source = `
      const { workerData, parentPort } = require("node:worker_threads");
      import(workerData.url).then(({ EventRingWriter }) => {
        const writer = new EventRingWriter(workerData.memory, () => parentPort.postMessage("called"));
        for (let number = 0; ; number += 1) writer.write(number, workerData.event);
      });`;
    const worker = new Worker(source, {
      eval: true,
      workerData: { memory, event: DENIED, url: new URL("event-ring.ts", import.meta.url).href },
    });
    const reader = new EventRingReader(memory);
    const tickets: number[] = [];
    const take = (ticket: number): void => void tickets.push(ticket);
    for (let times = 0; times < 20; times += 1) {
      await once(worker, "message");
      reader.read(take);
    }
    const observer = new EventRingWriter(memory, () => undefined);
    // Not until it calls again: it may have called while it was read from last, and calls once until it is read from again.
    while (!observer.crowded) await setImmediate();
    const before = tickets.length;
    await worker.terminate();
    reader.read(take);
    assert.ok(tickets.length > before + 200, "the last events came after the thread was gone");
    assert.deepEqual(
      tickets,
      tickets.map((_ticket, index) => index),
    );
  });
});
