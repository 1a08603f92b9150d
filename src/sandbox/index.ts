/** What `import { … } from "cordon"` gives. */
export type { AuditEvent, AuditEventType, AuditResult } from "../audit/event.ts";
export type { AuditListener } from "../audit/recorder.ts";
export type { ArtifactCacheOptions } from "../component/artifact-cache.ts";
export type { TranspileStage } from "../component/transpile/messages.ts";
export type { FilesystemGrantsInput, GrantsInput, NetworkGrantsInput } from "../policy/parse-grants.ts";
export { CordonError, ERROR_CODES, type ErrorCode, type LimitDetail } from "../shared/errors.ts";
export { DEFAULT_LIMITS, type Limits } from "../shared/limits.ts";
export type { Usage } from "../shared/usage.ts";
export type {
  ComponentInterface,
  WitCase,
  WitField,
  WitFunction,
  WitInterface,
  WitPrimitive,
  WitType,
  WitWorldSide,
} from "../shared/wit.ts";
export type { ComponentInfo, LoadOptions } from "./component-info.ts";
export { run } from "./run.ts";
export { type CallOptions, type CallResult, Sandbox, type SandboxOptions } from "./sandbox.ts";
export type { ComponentSource } from "./source.ts";
