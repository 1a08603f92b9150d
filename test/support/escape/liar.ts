/** A guest process that was taken over and says what no guest process says. Started by the real launcher, in place of the real entry. */
import { encode } from "../../../src/runtime/process/codec.ts";
import { framed } from "../../../src/runtime/process/frames.ts";
import type { ToProcess } from "../../../src/runtime/process/messages.ts";
import { lie, listen, raw, say } from "./lying.ts";

const USAGE = {
  cpuMs: 1,
  fuel: 1,
  longestHoldMs: 0,
  memoryHighWaterBytes: 0,
  hostCalls: new Map(),
  denials: 0,
  readBytes: 0,
  writtenBytes: 0,
  handlesHighWater: 0,
};

const held = new Set<number>();

listen(take);

function take(message: ToProcess, pause: () => void): void {
  if (message.type === "load") say({ type: "loaded", problem: undefined });
  if (message.type === "start") answer(message.ticket);
  if (message.type === "answer") pause();
  if (message.type === "cancel") cancelled(message.ticket);
}

function observed(ticket: number, length = 1): unknown {
  const resource = "r".repeat(length);
  const observation = { eventType: "FilesystemAccess", action: "a", resource, result: "Denied" };
  return { type: "observed", ticket, observation };
}

/** Of those calls that are cancelled it said one thing before, so that they can be. */
function cancelled(ticket: number): void {
  const ended = { ending: { kind: "cancelled" }, wallMs: 1 };
  const last = [observed(ticket), observed(ticket), observed(ticket)];
  const neighbours = [...held].filter((other) => other !== ticket).map((other) => value(other, 8));
  switch (lie) {
    case "goes on":
      for (;;) say(observed(ticket, 4_000));
    case "ends and goes on":
      say({ type: "ended", ticket, ended });
      for (;;) say(observed(ticket, 4_000));
    case "last words":
      return say({ type: "ended", ticket, ended }, ...last, ...neighbours);
    case "words after the last":
      return say({ type: "ended", ticket, ended: { ...ended, usage: USAGE } }, ...last, ...neighbours);
    default:
  }
}

function value(ticket: number, given: unknown): unknown {
  return { type: "ended", ticket, ended: { ending: { kind: "value", value: given }, wallMs: 1 } };
}

function answer(ticket: number): void {
  held.add(ticket);
  switch (lie) {
    case "noise":
      return raw(Buffer.from("no message at all, of no length"));
    case "length":
      return raw(Buffer.from([0xff, 0xff, 0xff, 0xff, 0]));
    case "tag": {
      return raw(...framed(Buffer.from([99])));
    }
    case "type":
      return say({ type: "shutdown", ticket });
    case "ending":
      return say({ type: "ended", ticket, ended: { ending: { kind: "constructor" }, wallMs: 1 } });
    case "prototype": {
      const bytes = encode({ type: "ended", ticket, ended: { __prot__: 1 } });
      bytes.write("__proto__".slice(0, 8), bytes.indexOf("__prot__"));
      // The same length, and another name.
      return raw(
        ...framed(Buffer.from(bytes.toString("latin1").replace("\u0008__proto_", "\u0009__proto__"), "latin1")),
      );
    }
    case "many":
      return raw(...framed(Buffer.concat([Buffer.from([11, 0x80, 0x80, 0x80, 0x02]), Buffer.alloc(4 * 1024 * 1024)])));
    case "event":
      return say({
        type: "observed",
        ticket,
        observation: { eventType: "X", action: "a", resource: "r", result: "Allowed" },
      });
    case "asks":
      for (let ask = 1; ask < 200_000; ask++) say({ type: "ask", ticket, ask, service: "stdin", payload: 1 });
      return;
    case "unread":
      for (let ask = 1; ask < 60_000; ask++) say({ type: "ask", ticket, ask, service: "big", payload: 1 });
      return;
    case "wrong type":
      return say(value(ticket, { not: "a number" }));
    case "strangers":
      say(observed(4711));
      say({ type: "ended", ticket: 4711, ended: { ending: { kind: "value", value: 1 }, wallMs: 1 } });
      say({ type: "ask", ticket: 4711, ask: 1, service: "stdin", payload: 1 });
      say({ type: "started", ticket: 4711 });
      say({ type: "reported", ticket: 4711, usage: USAGE });
      return say(value(ticket, 8));
    case "unasked":
      return say({ type: "started", ticket }, { type: "reported", ticket, usage: USAGE });
    case "silence":
      return say({ type: "started", ticket });
    case "deaf":
    case "goes on":
    case "ends and goes on":
    case "last words":
    case "words after the last":
      return say({ type: "started", ticket }, observed(ticket));
    case "flood":
      for (let at = 0; at < 50_000; at++) {
        say(observed(ticket, 100));
      }
      return say(value(ticket, 8));
    case "hog": {
      say({ type: "started", ticket });
      const held: Buffer[] = [];
      for (;;) held.push(Buffer.alloc(64 * 1024 * 1024, 1));
    }
    default:
      process.abort();
  }
}
