/** Entry of a runtime worker: instances of guests live and run here, and so does the host code they call. */
import { parentPort, workerData } from "node:worker_threads";
import { HOST_INTERFACES } from "../../host/interfaces.ts";
import { messageOf } from "../../shared/errors.ts";
import { EventRingWriter } from "../event-ring.ts";
import { type FromWorker, type Program, SHARED_SLOTS, type ToWorker, type WorkerOutcome } from "../messages.ts";
import { GuestInvocation } from "./guest-invocation.ts";
import { Asks } from "./asks.ts";
import { Guard } from "./metering/guard.ts";
import { ThreadStacks } from "./stacks/nested-stacks.ts";
import { Observations } from "./observations.ts";
import { StackPool } from "./stacks/stack-pool.ts";
import { boundStacks } from "./trap-frames.ts";
import { Turns } from "./turns.ts";

boundStacks();
if (parentPort === null) throw new Error("this module runs in a worker thread");
const port = parentPort;
const { memory, events, stackBytes } = workerData as {
  readonly memory: WebAssembly.Memory;
  readonly events: SharedArrayBuffer;
  readonly stackBytes: number;
};
const shared = new Int32Array(memory.buffer);
const turns = new Turns(shared);
const programs = new Map<string, Program>();
const running = new Map<number, GuestInvocation>();
const stacks = new StackPool();
const asks = new Asks(post);
/** Messages that were received, modulo 2^32. */
let received = 0;
const environment = {
  turns,
  stackBytes,
  stacks: new ThreadStacks(),
  guard: new Guard(memory),
  interfaces: new Map(HOST_INTERFACES.map((provided) => [provided.name, provided])),
  observations: new Observations(new EventRingWriter(events, () => post({ type: "observed" }))),
  asks,
  ready: (ticket: number, outcome: WorkerOutcome | undefined, guest: GuestInvocation) =>
    send({ type: "ready", ticket, outcome, usage: guest.usage() }),
  tally: (pages: number) => void Atomics.add(shared, SHARED_SLOTS.pages, pages),
  holds: (ticket: number) => post({ type: "holds", ticket }),
  hasMoreToDo: () => running.size > 1 || Atomics.load(shared, SHARED_SLOTS.sent) !== received,
};

function post(message: FromWorker): void {
  port.postMessage(message);
}

async function start({ ticket, invocation }: Extract<ToWorker, { type: "start" }>): Promise<void> {
  Atomics.store(shared, SHARED_SLOTS.started, ticket);
  const guest = new GuestInvocation(ticket, invocation, environment);
  running.set(ticket, guest);
  stacks.started();
  const outcome = await outcomeOf(ticket, guest, programs.get(invocation.programId));
  running.delete(ticket);
  send({ type: "ended", ticket, outcome, usage: guest.usage() });
  guest.discard();
  stacks.ended();
}

async function outcomeOf(ticket: number, guest: GuestInvocation, program: Program | undefined): Promise<WorkerOutcome> {
  if (Atomics.compareExchange(shared, SHARED_SLOTS.revoked, ticket, 0) === ticket) return { kind: "revoked" };
  if (program === undefined) return { kind: "fault", message: "the program was not loaded into the worker" };
  return guest.run(program);
}

function send(message: Extract<FromWorker, { readonly type: "ready" | "ended" }>): void {
  try {
    post(message);
  } catch (thrown) {
    // A result that cannot be sent to another thread: a handle to a resource of the guest, for one.
    const reason = `the result cannot leave the sandbox: ${messageOf(thrown)}`;
    post({ ...message, outcome: { kind: "fault", message: reason } });
  }
}

// A promise that nobody waits for any more may fail, as work for a guest that has ended does. Node would end the thread for it, and with
// it the guests beside.
process.on("unhandledRejection", () => undefined);

port.on("message", (message: ToWorker) => {
  received = (received + 1) | 0;
  switch (message.type) {
    case "load":
      programs.set(message.program.id, message.program);
      break;
    case "unload":
      programs.delete(message.programId);
      break;
    case "start":
      void start(message);
      // By the next turn of the loop the guest has ended or waits for a host call: the processor is free.
      setImmediate(() => {
        if (running.has(message.ticket)) post({ type: "suspended" });
      });
      break;
    case "answer":
      asks.answer(message);
      break;
    case "enter":
      running.get(message.ticket)?.enter(message.call);
      break;
    case "leave":
      running.get(message.ticket)?.enter(undefined);
      break;
    case "cancel":
      running.get(message.ticket)?.cancel();
      break;
  }
});
