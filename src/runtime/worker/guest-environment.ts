import type { HostInterface } from "../../host/capability.ts";
import type { Crossing } from "../crossings/crossing-room.ts";
import type { WorkerOutcome, WorkerUsage } from "../messages.ts";
import type { Asks } from "./asks.ts";
import type { RoomQueue } from "./crossings/room-queue.ts";
import type { SendableOutcome } from "./crossings/guest-crossings.ts";
import type { SpareMemories } from "./memory/spare-memories.ts";
import type { Guard } from "./metering/guard.ts";
import type { Observations } from "./observations.ts";
import type { LivePolicies } from "./policy/live-policies.ts";
import type { ThreadStacks } from "./stacks/nested-stacks.ts";
import type { ThreadHandles } from "./thread-handles.ts";
import type { Turns } from "./turns.ts";

/** An instance that stays and waits for its next call: what it used so far, and how its last one goes to the main thread. */
export interface ReadyGuest {
  readonly usage: () => WorkerUsage;
  readonly sendable: (outcome: WorkerOutcome) => SendableOutcome;
}

/** What an invocation needs of the worker it runs in. */
export interface GuestEnvironment {
  readonly turns: Turns;
  readonly policies: LivePolicies;
  readonly guard: Guard;
  readonly interfaces: ReadonlyMap<string, HostInterface>;
  readonly observations: Observations;
  /** What the stack of a guest can take, in bytes. */
  readonly stackBytes: number;
  /** Those of calls between components, of all guests of the thread. */
  readonly stacks: ThreadStacks;
  /** What all guests of the thread hold handles of. */
  readonly handles: ThreadHandles;
  /** Memories of guests of the thread that have ended, to be used again. */
  readonly memories: SpareMemories;
  readonly asks: Asks;
  /** Room for what crosses to the embedder, that all guests of the process have together. */
  readonly crossings: Readonly<Record<Crossing, RoomQueue>>;
  /** What the guests of a program have of that room. */
  readonly shareOf: (programId: string) => number;
  /** Notes that so many bytes were copied onto the thread's heap for a guest. */
  readonly copied: (bytes: number) => void;
  /** Whether the thread has anything to do besides the guest that runs. */
  readonly hasMoreToDo: () => boolean;
  /** Adds to the pages that the memories of the thread's guests have. */
  readonly tally: (pages: number) => void;
  /** Reports that a guest keeps the thread from others, and cannot be suspended. */
  readonly holds: (ticket: number) => void;
  /** Reports that an instance that stays is ready for a call, and how the one before ended. */
  readonly ready: (ticket: number, outcome: WorkerOutcome | undefined, guest: ReadyGuest) => void;
}
