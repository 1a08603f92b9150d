import type { MessagePort } from "node:worker_threads";
import type { Description } from "../description.ts";
import type { ArtifactRequest } from "./build-artifact.ts";
import type { Refused } from "./refused.ts";

/** Main thread to the thread that prepares a component, as its `workerData`. */
export type PrepareRequest =
  | ({ readonly type: "artifact" } & ArtifactRequest)
  /** The artifact, and what can be said of the component or core module without running it. */
  | ({ readonly type: "describe" } & ArtifactRequest)
  /** Where the code of its core modules was before they were hardened. */
  | ({ readonly type: "positions" } & ArtifactRequest)
  /** What can be said of it, alone. */
  | { readonly type: "outline"; readonly component: Uint8Array };

/** What is done to a component, in order. */
export type PrepareStage = "validating" | "hardening" | "done";

/**
 * Asks whether the process has room for types that the engine is about to be given. The thread waits for `answered` to become 1, and finds
 * what was answered at `port`: undefined, or why there is none.
 */
export interface TypesQuestion {
  readonly type: "types";
  readonly keys: Uint8Array;
  readonly answered: Int32Array;
  readonly port: MessagePort;
}

/** Where the code of one core module was. */
export interface ModulePositions {
  /** Where the module begins in the component's bytes. */
  readonly fileOffset: number;
  /** As `encodePositions` writes them. */
  readonly positions: Uint8Array;
}

/** The thread that prepares a component to the main thread. */
export type PrepareMessage =
  | { readonly type: "stage"; readonly stage: PrepareStage }
  | { readonly type: "artifact"; readonly encoded: Uint8Array }
  | TypesQuestion
  | { readonly type: "described"; readonly description: Description; readonly artifact: Uint8Array | Refused }
  | { readonly type: "outlined"; readonly description: Description }
  | { readonly type: "positions"; readonly modules: readonly ModulePositions[] }
  | Refused;
