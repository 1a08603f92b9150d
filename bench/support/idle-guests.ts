/**
 * Starts N guests that call the door and then sleep, in a process of its own, and ends them all at once. Parameters: the
 * cache folder, N. Sends one {@link IdleGuests}.
 */
import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { finish } from "./child.ts";
import { library } from "./cordon.ts";
import { DOOR, waiter } from "./limit-guests.ts";

/** What was found. */
export interface IdleGuests {
  /** How many waited at once; the others had not been let in yet. */
  readonly waiting: number;
  /** From the first call until they all waited, in milliseconds. */
  readonly startedMs: number;
  /** Resident memory before the first call and while they waited, in bytes. */
  readonly before: number;
  readonly during: number;
  /** What the process used of the processor in a second of it, in milliseconds. */
  readonly cpuMsPerSecond: number;
  /** From the signal until the last caller was answered, in milliseconds. */
  readonly endedMs: number;
}

/** For so long nobody has to have come by the door before the rest is given up, in milliseconds. */
const PATIENCE_MS = 2000;

const A_SECOND = 1000;
const TEN_MINUTES = 600_000;

const [cache = "", count = "0"] = process.argv.slice(2);

const { Sandbox } = await library();
let entered = 0;
let lastEntry = 0;
await using sandbox = await Sandbox.open(await waiter(), {
  cache: { directory: cache },
  grants: { clocks: { kind: "read" }, custom: { [DOOR.capability]: true } },
  hostFunctions: [
    {
      ...DOOR,
      call: () => {
        entered += 1;
        lastEntry = performance.now();
      },
    },
  ],
  limits: { timeoutMs: TEN_MINUTES, idleTimeoutMs: TEN_MINUTES },
});
for (let again = 0; again < 20; again += 1) await Promise.all([1, 2].map(() => sandbox.call("waits", [1, 1n])));
await delay(200);

entered = 0;
const before = process.memoryUsage.rss();
const end = new AbortController();
const start = performance.now();
lastEntry = start;
const callers = Array.from({ length: Number(count) }, () => sandbox.call("idle", [], { signal: end.signal }));
const answered = Promise.allSettled(callers);
while (entered < callers.length && performance.now() - lastEntry < PATIENCE_MS) await delay(5);
const waiting = entered;
const startedMs = lastEntry - start;
await delay(A_SECOND);
const cpu = process.cpuUsage();
await delay(A_SECOND);
const used = process.cpuUsage(cpu);
const during = process.memoryUsage.rss();
const ending = performance.now();
end.abort();
const outcomes = await answered;
const endedMs = performance.now() - ending;
const odd = outcomes.find(({ status }) => status !== "rejected");
if (odd !== undefined) throw new Error("a guest ended by itself");
finish({
  waiting,
  startedMs,
  before,
  during,
  cpuMsPerSecond: (used.user + used.system) / 1000,
  endedMs,
} satisfies IdleGuests);
