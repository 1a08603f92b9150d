import type { AuditObservation } from "../../audit/event.ts";
import type { MemoryDeclaration } from "../../shared/plan/hardening-profile.ts";
import type { InstanceCall, Program, WorkerUsage } from "../messages.ts";
import type { Ended, Ending, Job } from "../pending.ts";
import type { PolicyChange } from "../policy/policy-in-force.ts";
import type { KeepMessage, SentInvocation } from "../programs/sent-once.ts";

/** A core module that is compiled where it runs: compiled code does not cross processes. */
export interface PortableModule {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly memories: readonly MemoryDeclaration[];
}

/** A program whose core modules are bytes. */
export interface PortableProgram extends Omit<Program, "modules"> {
  readonly modules: readonly PortableModule[];
}

/** What a pool of processes is asked to run. */
export interface ProcessJob extends Omit<Job, "program"> {
  readonly program: PortableProgram;
}

/** Parent to guest process. Tickets number invocations over the life of the process. */
export type ToProcess =
  /** First, and once: the flags of Node that its worker threads get. */
  | { readonly type: "open"; readonly workerFlags: readonly string[] }
  | { readonly type: "load"; readonly program: PortableProgram }
  | KeepMessage
  /** A later policy of its program, which holds from the next host call on. */
  | { readonly type: "policy"; readonly change: PolicyChange }
  | { readonly type: "start"; readonly ticket: number; readonly invocation: SentInvocation }
  | { readonly type: "cancel"; readonly ticket: number }
  /** Asks what an invocation used so far; one at a time of each. */
  | { readonly type: "report"; readonly ticket: number }
  /** Calls an instance that stays, which has said that it is ready. */
  | { readonly type: "enter"; readonly ticket: number; readonly call: InstanceCall }
  /** Ends an instance that stays, which has said that it is ready. */
  | { readonly type: "leave"; readonly ticket: number }
  | { readonly type: "answer"; readonly ask: number; readonly failed: boolean; readonly value: unknown };

/** Guest process to parent, in the parent's eyes hostile: see `check-message.ts`. */
export type FromProcess =
  /** It runs, and waits for a program. */
  | { readonly type: "opened" }
  /** The program is compiled, or why it cannot be. */
  | { readonly type: "loaded"; readonly problem: string | undefined }
  /** A worker thread took the invocation: its time has begun. */
  | { readonly type: "started"; readonly ticket: number }
  /** The answer to a `report`; no usage where the invocation has not begun, or has ended. */
  | { readonly type: "reported"; readonly ticket: number; readonly usage: WorkerUsage | undefined }
  /** The answer to a `policy`: no host call that begins from now on goes by one before it. */
  | { readonly type: "policy-held"; readonly generation: number }
  | { readonly type: "observed"; readonly ticket: number; readonly observation: AuditObservation }
  | {
      readonly type: "ask";
      readonly ticket: number;
      readonly ask: number;
      readonly service: string;
      readonly payload: unknown;
    }
  /** An instance that stays is ready to be called, after the call that ended so, if any. */
  | {
      readonly type: "ready";
      readonly ticket: number;
      readonly ending: Ending | undefined;
      readonly usage: WorkerUsage;
    }
  | { readonly type: "ended"; readonly ticket: number; readonly ended: Ended };

/** The open files that a guest process has besides its stderr: what it reads messages from, and what it writes them to. */
export const CHANNEL = { down: 3, up: 4 } as const;
