import type { ErrorCode, LimitDetail } from "../../shared/errors.ts";
import type { Description } from "../description.ts";
import type { ArtifactRequest } from "./build-artifact.ts";

/** Main thread to transpile worker, as its `workerData`. */
export type TranspileRequest =
  | ({ readonly type: "artifact" } & ArtifactRequest)
  /** What can be said of a component or core module without running it. */
  | { readonly type: "describe"; readonly bytes: Uint8Array };

/** What the worker does, in order. */
export type TranspileStage = "starting" | "transpiling" | "done";

/** Transpile worker to main thread. */
export type TranspileMessage =
  | { readonly type: "stage"; readonly stage: TranspileStage }
  | { readonly type: "artifact"; readonly encoded: Uint8Array }
  | { readonly type: "description"; readonly description: Description }
  | {
      readonly type: "refused";
      readonly code: ErrorCode;
      readonly message: string;
      readonly limit: LimitDetail | undefined;
    };
