/** A guest process that was taken over and lies about an instance that stays. Started in place of the real one, as `liar.ts` is. */
import type { ToProcess } from "../../../src/runtime/process/messages.ts";
import { lie, listen, say } from "./lying.ts";

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

const eight = { kind: "value", value: 8 };

listen((message: ToProcess) => {
  if (message.type === "load") say({ type: "loaded", problem: undefined });
  if (message.type === "start") made(message.ticket);
  if (message.type === "enter") called(message.ticket);
});

function made(ticket: number): void {
  const started = (): void => say({ type: "started", ticket });
  const ready = (more: object = {}): void => say({ type: "ready", ticket, ending: undefined, usage: USAGE, ...more });
  switch (lie) {
    case "again and again":
      started();
      setInterval(started, 10);
      return;
    case "ready unstarted":
      return ready();
    case "ready strangers":
      started();
      return ready({ ticket: 4711 });
    case "ready after no call":
      started();
      return ready({ ending: eight });
    case "ready without usage":
      started();
      return ready({ usage: undefined });
    case "usage of bigints":
      started();
      return ready({ usage: { ...USAGE, fuel: 1n } });
    case "usage without fuel":
      started();
      return ready({ usage: { ...USAGE, fuel: undefined } });
    case "usage below zero":
      started();
      return ready({ usage: { ...USAGE, readBytes: -1 } });
    case "ready twice":
      started();
      ready();
      return ready();
    case "ready and called":
      started();
      ready();
      return ready({ ending: eight });
    case "ready and started":
      started();
      ready();
      return started();
    case "over before it was":
      started();
      return ended(ticket, eight);
    case "over in silence":
      started();
      ready();
      return ended(ticket, { kind: "guest-error", payload: { tag: "never", val: [1] } });
    default:
      started();
      return ready();
  }
}

function called(ticket: number): void {
  const ready = (ending: unknown): void => say({ type: "ready", ticket, ending, usage: USAGE });
  switch (lie) {
    case "no ending":
      return ready(undefined);
    case "a trap goes on":
      return ready({ kind: "trap", message: "" });
    case "a limit goes on":
      return ready({ kind: "limit", limit: "fuel", cap: 1, message: "" });
    case "an exit goes on":
      return ready({ kind: "exit", code: 0 });
    case "answers twice":
      ready(eight);
      return ready(eight);
    case "wrong type":
      return ready({ kind: "value", value: { not: "a number" } });
    case "an error of none":
      return ready({ kind: "guest-error", payload: 8 });
    case "wrong type at its end":
      return ended(ticket, { kind: "value", value: "eight" });
    case "crash":
      return process.abort();
    case "silence":
      return;
    default:
      return ready(eight);
  }
}

function ended(ticket: number, ending: unknown): void {
  say({ type: "ended", ticket, ended: { ending, wallMs: 1, usage: USAGE } });
}
