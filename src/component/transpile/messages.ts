import type { HardenedModule } from "../../hardening/harden-module.ts";
import type { Description } from "../description.ts";
import type { CoreModuleRange } from "../decode/decoding.ts";
import type { ArtifactRequest } from "./build-artifact.ts";
import type { CoreHardening } from "./harden-core.ts";
import type { Refused } from "./refused.ts";

/** Main thread to transpile worker, as its `workerData`. */
export type TranspileRequest =
  | ({ readonly type: "artifact" } & ArtifactRequest)
  /** The artifact, and what can be said of the component or core module without running it. */
  | ({ readonly type: "describe" } & ArtifactRequest);

/** What the worker does, in order. */
export type TranspileStage = "starting" | "transpiling" | "done";

/** Transpile worker to main thread. */
export type TranspileMessage =
  | { readonly type: "stage"; readonly stage: TranspileStage }
  | { readonly type: "artifact"; readonly encoded: Uint8Array }
  | { readonly type: "described"; readonly description: Description; readonly artifact: Uint8Array | Refused }
  | Refused;

/** Transpile worker to the thread that hardens. */
export interface HardenRequest {
  readonly component: Uint8Array;
  readonly ranges: readonly CoreModuleRange[];
  readonly allow: CoreHardening;
}

/** The thread that hardens to the transpile worker, for each range by its index. */
export type HardenAnswer =
  | { readonly type: "hardened"; readonly index: number; readonly module: HardenedModule }
  | (Refused & { readonly index: number });
