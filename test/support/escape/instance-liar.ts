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

const EIGHT = { kind: "value", value: 8 };

listen((message: ToProcess) => {
  if (message.type === "load") say({ type: "loaded", problem: undefined });
  if (message.type === "start") made(message.ticket);
  if (message.type === "enter") called(message.ticket);
});

function made(ticket: number): void {
  const started = { type: "started", ticket };
  const ready = { type: "ready", ticket, ending: undefined, usage: USAGE };
  switch (lie) {
    case "again and again":
      setInterval(() => say(started), 10);
      return;
    case "ready unstarted":
      return say(ready);
    case "ready strangers":
      return say(started, { ...ready, ticket: 4711 });
    case "ready after no call":
      return say(started, { ...ready, ending: EIGHT });
    case "ready without usage":
      return say(started, { ...ready, usage: undefined });
    case "usage of bigints":
      return say(started, { ...ready, usage: { ...USAGE, fuel: 1n } });
    case "usage without fuel":
      return say(started, { ...ready, usage: { ...USAGE, fuel: undefined } });
    case "usage below zero":
      return say(started, { ...ready, usage: { ...USAGE, readBytes: -1 } });
    case "ready twice":
      return say(started, ready, ready);
    case "ready and called":
      return say(started, ready, { ...ready, ending: EIGHT });
    case "ready and started":
      return say(started, ready, started);
    case "over before it was":
      return say(started, ended(ticket, EIGHT));
    case "over in silence":
      return say(started, ready, ended(ticket, { kind: "guest-error", payload: { tag: "never", val: [1] } }));
    default:
      return say(started, ready);
  }
}

function called(ticket: number): void {
  const ready = (ending: unknown): object => ({ type: "ready", ticket, ending, usage: USAGE });
  switch (lie) {
    case "no ending":
      return say(ready(undefined));
    case "a trap goes on":
      return say(ready({ kind: "trap", message: "" }));
    case "a limit goes on":
      return say(ready({ kind: "limit", limit: "fuel", cap: 1, message: "" }));
    case "an exit goes on":
      return say(ready({ kind: "exit", code: 0 }));
    case "answers twice":
      return say(ready(EIGHT), ready(EIGHT));
    case "wrong type":
      return say(ready({ kind: "value", value: { not: "a number" } }));
    case "an error of none":
      return say(ready({ kind: "guest-error", payload: 8 }));
    case "wrong type at its end":
      return say(ended(ticket, { kind: "value", value: "eight" }));
    case "crash":
      return process.abort();
    case "silence":
      return;
    default: {
      // Whatever value follows the word.
      const [, json] = /^gives (.*)$/.exec(lie) ?? [];
      return say(ready(json === undefined ? EIGHT : { kind: "value", value: JSON.parse(json) as unknown }));
    }
  }
}

function ended(ticket: number, ending: unknown): object {
  return { type: "ended", ticket, ended: { ending, wallMs: 1, usage: USAGE } };
}
