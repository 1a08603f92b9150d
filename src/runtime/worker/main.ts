/** Entry of a runtime worker: instances of guests live and run here, and so does the host code they call. */
import { parentPort, type Transferable, workerData } from "node:worker_threads";
import { HOST_INTERFACES } from "../../host/interfaces.ts";
import { messageOf } from "../../shared/errors.ts";
import { EventRingWriter } from "../events/event-ring.ts";
import {
  type FromWorker,
  type Program,
  type SentOutcome,
  SHARED_SLOTS,
  type ToWorker,
  type WorkerOutcome,
} from "../messages.ts";
import type { ReadyGuest } from "./guest-environment.ts";
import { GuestInvocation } from "./guest-invocation.ts";
import { Asks } from "./asks.ts";
import type { GuestThreadData } from "../threads/guest-thread.ts";
import { IdleHeap } from "./memory/idle-heap.ts";
import { RoomQueue } from "./crossings/room-queue.ts";
import { Guard } from "./metering/guard.ts";
import { MadeAhead } from "./made-ahead.ts";
import { SpareMemories } from "./memory/spare-memories.ts";
import { ThreadStacks } from "./stacks/nested-stacks.ts";
import { HeldModules } from "./held-modules.ts";
import { LivePolicies } from "./policy/live-policies.ts";
import { Observations } from "./observations.ts";
import { StackPool } from "./stacks/stack-pool.ts";
import { Rejections } from "./rejections.ts";
import { KeptValues } from "../programs/sent-once.ts";
import { THREAD_HELD } from "../../host/http/wasi/held-bytes.ts";
import { HANDLE_BYTES, ThreadHandles } from "./thread-handles.ts";
import { boundStacks } from "./trap-frames.ts";
import { Turns } from "./turns.ts";

boundStacks();
if (parentPort === null) throw new Error("this module runs in a worker thread");
const port = parentPort;
const { memory, events, stackBytes, room, policies: policyPort } = workerData as GuestThreadData;
const shared = new Int32Array(memory.buffer);
const turns = new Turns(shared);
const programs = new Map<string, Program>();
/** What the guests of each have of the room for values under way. */
const shares = new WeakMap<Program, number>();
const running = new Map<number, GuestInvocation>();
const heldModules = new HeldModules();
const kept = new KeptValues();
const policies = new LivePolicies({
  count: () => Atomics.load(shared, SHARED_SLOTS.policies),
  port: policyPort,
});
const stacks = new StackPool();
const asks = new Asks(post);
const memories = new SpareMemories();
const heap = new IdleHeap(
  () => Atomics.load(shared, SHARED_SLOTS.running) === 0 && Atomics.load(shared, SHARED_SLOTS.ready) === 0,
);
/** Messages that were received, modulo 2^32. */
let received = 0;
const environment = {
  turns,
  policies,
  stackBytes,
  stacks: new ThreadStacks(),
  handles: new ThreadHandles(),
  guard: new Guard(memory),
  interfaces: new Map(HOST_INTERFACES.map((provided) => [provided.name, provided])),
  observations: new Observations(new EventRingWriter(events, () => post({ type: "observed" }))),
  asks,
  memories,
  copied: (bytes: number) => heap.copied(bytes),
  shareOf: (programId: string) => {
    const program = programs.get(programId);
    return (program === undefined ? undefined : shares.get(program)) ?? 0;
  },
  crossings: { arguments: new RoomQueue(room, "arguments"), results: new RoomQueue(room, "results") },
  ready: (ticket: number, outcome: WorkerOutcome | undefined, guest: ReadyGuest) => {
    const usage = guest.usage();
    if (outcome === undefined) post({ type: "ready", ticket, ended: undefined, usage });
    else send(guest, outcome, (ended) => ({ type: "ready", ticket, ended, usage }));
    heap.rested();
  },
  tally: (pages: number) => void Atomics.add(shared, SHARED_SLOTS.pages, pages),
  holds: (ticket: number) => post({ type: "holds", ticket }),
  hasMoreToDo: () => running.size > 1 || Atomics.load(shared, SHARED_SLOTS.sent) !== received,
};

const ahead = new MadeAhead(environment, {
  isIdle: () => running.size === 0 && !environment.hasMoreToDo(),
  isLoaded,
});

/** Whether further calls of a program may come: guests of one that was forgotten go on. */
function isLoaded(program: Program | undefined): boolean {
  return program !== undefined && programs.get(program.id) === program;
}

function post(message: FromWorker, transfer: readonly Transferable[] = []): void {
  port.postMessage(message, [...transfer]);
}

async function start({ ticket, invocation: sent }: Extract<ToWorker, { type: "start" }>): Promise<void> {
  const invocation = kept.invocation(sent);
  Atomics.store(shared, SHARED_SLOTS.started, ticket);
  const program = programs.get(invocation.programId);
  const guest = ahead.take(program, ticket, invocation) ?? new GuestInvocation(ticket, invocation, environment);
  running.set(ticket, guest);
  stacks.started();
  const outcome = await outcomeOf(ticket, guest, program);
  running.delete(ticket);
  const usage = guest.usage();
  const told = asks.takeTold(ticket);
  send(guest, outcome, (ended) => ({ type: "ended", ticket, ended, usage, told }));
  guest.discard(isLoaded(program));
  stacks.ended(guest.stacksLeft);
  heap.copied(usage.handlesHighWater * HANDLE_BYTES + THREAD_HELD.takeLeft());
  heap.rested();
  if (isLoaded(program)) ahead.consider(program, invocation, guest);
}

/** Whether the invocation was taken back. That is seen once. */
function isRevoked(ticket: number): boolean {
  return [SHARED_SLOTS.revoked, SHARED_SLOTS.revokedBehind].some(
    (slot) => Atomics.compareExchange(shared, slot, ticket, 0) === ticket,
  );
}

async function outcomeOf(ticket: number, guest: GuestInvocation, program: Program | undefined): Promise<WorkerOutcome> {
  if (isRevoked(ticket)) {
    guest.drop();
    return { kind: "revoked" };
  }
  if (program === undefined) return { kind: "fault", message: "the program was not loaded into the worker" };
  return guest.run(program);
}

function unload(programId: string): void {
  const program = programs.get(programId);
  programs.delete(programId);
  if (program === undefined) return;
  memories.forget(program);
  ahead.forget(program);
}

/** Sends how a guest ended, or its last call. */
function send(guest: ReadyGuest, outcome: WorkerOutcome, message: (ended: SentOutcome) => FromWorker): void {
  let ended: SentOutcome | undefined;
  try {
    const { sent, transfer } = guest.sendable(outcome);
    ended = sent;
    post(message(sent), transfer);
  } catch (thrown) {
    // A result that cannot be sent to another thread: a handle to a resource of the guest, for one.
    const fault: WorkerOutcome = {
      kind: "fault",
      message: `the result cannot leave the sandbox: ${messageOf(thrown)}`,
    };
    const { held } = ended ?? guest.sendable(fault).sent;
    post(message({ outcome: fault, isParcel: false, held }));
  }
}

// Node would end the thread for it, and with it all guests.
const rejections = new Rejections((reason) => post({ type: "rejected", reason }));
process.on("unhandledRejection", (reason) => rejections.add(reason));

port.on("message", (message: ToWorker) => {
  received = (received + 1) | 0;
  switch (message.type) {
    case "load":
      programs.set(message.program.id, message.program);
      shares.set(message.program, message.share);
      heldModules.add(message.program, message.held);
      break;
    case "unload":
      unload(message.programId);
      break;
    case "keep":
      kept.keep(message);
      break;
    case "policy":
      policies.announced(message.programId, message.generation);
      break;
    case "start":
      void start(message);
      // By the next turn of the loop the guest has ended or waits for a host call: the processor is free.
      setImmediate(() => {
        if (running.has(message.ticket)) post({ type: "suspended", ticket: message.ticket });
      });
      break;
    case "answer":
      asks.answer(message);
      break;
    case "report":
      post({ type: "reported", ticket: message.ticket, usage: running.get(message.ticket)?.usage() });
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
