import type { TrapFrame } from "../shared/errors.ts";
import type { Plan } from "../shared/plan/plan.ts";
import type { HeldUnits } from "./crossings/crossing-room.ts";
import type { CustomImport } from "../host/custom/custom-function.ts";
import type { MemoryDeclaration } from "../shared/plan/hardening-profile.ts";
import type { CoreModuleShape } from "../shared/plan/core-module.ts";
import type { HttpRequestHead } from "../shared/http-message.ts";
import type { InvocationEnd } from "../shared/invocation-end.ts";
import type { Limits } from "../shared/limits/limits.ts";
import type { PolicyInForce } from "./policy/policy-in-force.ts";
import type { KeepMessage, SentInvocation } from "./programs/sent-once.ts";

/** A compiled core module, with the memories that the host makes for each of its instances. */
export interface CompiledModule {
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly memories: readonly MemoryDeclaration[];
}

/** All that a worker needs to make instances of a component. Compiled modules are shared between threads, not copied. */
export interface Program {
  /** Identifies the program within the pool. */
  readonly id: string;
  readonly modules: readonly CompiledModule[];
  /** Names of the core modules in the order in which they are instantiated. */
  readonly instantiations: readonly string[];
  /** What an invocation takes of its worker's heap before any of its code runs, in bytes. */
  readonly heapBytes: number;
  /** Whether no linear memory is used again after its instance has ended. */
  readonly freshMemory: boolean;
  /** The embedder's own functions and resources. */
  readonly custom: readonly CustomImport[];
  /** Set for a component. */
  readonly component?: ComponentProgram | undefined;
  /** Set for a core module that is run as it is: it has one module. */
  readonly core?: CoreProgram | undefined;
}

/** A component: how it is instantiated, and what the host provides for its imports. */
export interface ComponentProgram {
  readonly plan: Plan;
  readonly imports: readonly ImportLink[];
}

/** A function that a component imports, and the host's function that it is linked with. */
export interface ImportLink {
  /** Its names in the plan. */
  readonly path: readonly string[];
  /** The name of the host interface that provides it. */
  readonly providedBy: string;
  /** Its version, where the embedder's has one. */
  readonly version?: string | undefined;
  /** Its name in that interface. */
  readonly name: string;
  /** Whether its WIT result is a `result`, so that it can fail with a value. */
  readonly fallible: boolean;
}

/** A core module that is run as it is. */
export interface CoreProgram extends CoreModuleShape {
  /** Whether functions that nothing provides trap when they are called; there are none otherwise. */
  readonly trapsMissing: boolean;
}

/** Which export to call: its names, from the root of the world inwards. */
export type ExportPath = readonly string[];

/** One call, as sent to a worker, with the policy that was in force when it was made. */
export interface Invocation extends PolicyInForce {
  readonly programId: string;
  /** Absent for an instance that stays, and is called by messages of their own. */
  readonly target?: ExportPath;
  readonly parameters: readonly unknown[];
  /** What a program is told its arguments are, its own name first. */
  readonly programArguments: readonly string[];
  /** The HTTP request to answer: the target then takes the request and the way its answer goes, instead of `parameters`. */
  readonly request?: HttpRequestHead | undefined;
  readonly limits: Limits;
}

/** One call of an instance that stays. */
export interface InstanceCall {
  /** Absent where handles are dropped and nothing is called. */
  readonly target?: ExportPath | undefined;
  readonly parameters: readonly unknown[];
  /** Numbers of handles that the embedder has no use for any more, which are dropped first. */
  readonly drops: readonly number[];
  /** Units of fuel that it gets on top of what it has. */
  readonly fuel: number;
}

/** What one invocation used. */
export interface WorkerUsage {
  /** Time the guest spent on the processor, in milliseconds. */
  readonly cpuMs: number;
  /** Units of fuel that it used. */
  readonly fuel: number;
  /** The longest it kept its thread where it could not be suspended, in milliseconds. */
  readonly longestHoldMs: number;
  /** The most that all linear memories of the invocation held together, in bytes. */
  readonly memoryHighWaterBytes: number;
  /** Calls the guest made to host functions, by `interface#function`. */
  readonly hostCalls: ReadonlyMap<string, number>;
  /** How many accesses were denied. */
  readonly denials: number;
  /** Bytes read from files, sockets and HTTP bodies, and written to them. */
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** The most handles it held at once. */
  readonly handlesHighWater: number;
}

/** A function of the guest's that was on the stack when it trapped. */
export interface GuestFrame {
  /** Its name, at most 200 characters of it. */
  readonly function: string | undefined;
  /** Its index among the functions of its module. */
  readonly index: number;
  /** The module's index among those of the program. */
  readonly module: number;
  /** The byte of the hardened module at which it was. */
  readonly position: number;
}

/** How an invocation ended, as data. */
export type WorkerOutcome =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "guest-error"; readonly payload: unknown }
  | {
      readonly kind: "trap";
      readonly message: string;
      readonly frames?: readonly GuestFrame[];
      /** Where those are in the component; the main thread finds that out. */
      readonly places?: readonly TrapFrame[];
    }
  | { readonly kind: "deadline" }
  | { readonly kind: "memory"; readonly neededBytes: number }
  /** It made the host hold more than it may. */
  | { readonly kind: "host-memory" }
  /** The host ended it from within a call: it exited, or came to a limit. */
  | InvocationEnd
  /** It was revoked before it started. */
  | { readonly kind: "revoked" }
  | { readonly kind: "fault"; readonly message: string };

/** How an invocation, or one call of an instance that stays, ended, as it goes to the main thread. */
export interface SentOutcome {
  readonly outcome: WorkerOutcome;
  /** Whether what the guest gave is in a parcel. */
  readonly isParcel: boolean;
  /** The room that it takes, which the main thread gives back. */
  readonly held: HeldUnits;
}

/** Main thread to worker. `ticket` numbers invocations over the life of the pool. */
export type ToWorker =
  /**
   * `held` says how many modules of it the worker has, which counts down those that it has collected; `share` is that of its guests of the
   * room for values under way.
   */
  | { readonly type: "load"; readonly program: Program; readonly held: Int32Array | undefined; readonly share: number }
  | { readonly type: "unload"; readonly programId: string }
  | KeepMessage
  /** A policy was sent ahead, which guests of the program have to be told of that wait. */
  | { readonly type: "policy"; readonly programId: string; readonly generation: number }
  | { readonly type: "start"; readonly ticket: number; readonly invocation: SentInvocation }
  | { readonly type: "cancel"; readonly ticket: number }
  /** Asks what an invocation used so far; guests come by it as by every message. */
  | { readonly type: "report"; readonly ticket: number }
  /** Calls an instance that stays. */
  | { readonly type: "enter"; readonly ticket: number; readonly call: InstanceCall }
  /** Ends an instance that stays. */
  | { readonly type: "leave"; readonly ticket: number }
  /** The answer to an `ask`; `failed` carries no reason, which would be the embedder's. */
  | { readonly type: "answer"; readonly ask: number; readonly failed: boolean; readonly value: unknown };

/** What the embedder's thread is told, and answers nothing to. */
export interface Told {
  readonly service: string;
  readonly payload: unknown;
}

/** Worker to main thread. */
export type FromWorker =
  /** An invocation that was started waits, or takes its turns with others. */
  | { readonly type: "suspended"; readonly ticket: number }
  /** Asks the thread that embeds Cordon for something; numbered over the life of the worker. */
  | {
      readonly type: "ask";
      readonly ticket: number;
      readonly ask: number;
      readonly service: string;
      readonly payload: unknown;
      /** Whether the payload is in a parcel. */
      readonly isParcel: boolean;
    }
  /** The answer to a `report`; no usage where the invocation has ended. */
  | { readonly type: "reported"; readonly ticket: number; readonly usage: WorkerUsage | undefined }
  | { readonly type: "told"; readonly ticket: number; readonly told: readonly Told[] }
  /** There are events in the ring. */
  | { readonly type: "observed" }
  /** A promise was rejected that nobody waits for: a fault of the host's. */
  | { readonly type: "rejected"; readonly reason: string }
  /** A guest cannot be suspended where it is, and others have to wait for it. */
  | { readonly type: "holds"; readonly ticket: number }
  /** An instance that stays is ready to be called, after the call that ended so, if any. */
  | {
      readonly type: "ready";
      readonly ticket: number;
      readonly ended: SentOutcome | undefined;
      readonly usage: WorkerUsage;
    }
  | {
      readonly type: "ended";
      readonly ticket: number;
      readonly ended: SentOutcome;
      readonly usage: WorkerUsage;
      /** What was told last, before the end. */
      readonly told: readonly Told[];
    };

/** Slots of 32 bits at the start of the memory that a worker shares with the main thread, readable while a guest spins. */
export const SHARED_SLOTS = {
  /** The ticket of the guest that is on the processor, or 0. */
  running: 0,
  /** The ticket that was started last. */
  started: 1,
  /** A ticket that was sent and must not be started any more; the worker sets it back to 0 when it has seen it. */
  revoked: 2,
  /** The ticket of a guest that is to end, which it sees at its next checkpoint; it is told by a message, too. */
  ending: 3,
  /** How many messages were sent to the worker, modulo 2^32. */
  sent: 4,
  /** How many pages of 64 KiB the linear memories of its guests have, or 0 when it has none. */
  pages: 5,
  /** How many guests wait for the processor. */
  ready: 6,
  /** Another ticket as in `revoked`. */
  revokedBehind: 7,
  /** How many policies were sent to the worker, modulo 2^32. */
  policies: 8,
} as const;
