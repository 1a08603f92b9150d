/** What `import { … } from "cordon"` gives. */
export type { AccessEventType, AuditEvent, AuditEventType, AuditResult } from "../audit/event.ts";
export type { AuditListener } from "../audit/recorder.ts";
export type { ArtifactCacheOptions } from "../component/artifact-cache.ts";
export type { ModuleForm } from "../component/description.ts";
export type { PrepareStage } from "../component/preparation/messages.ts";
export type { CustomGrant } from "../policy/grants.ts";
export type { ClocksInput } from "../policy/parsing/parse-clocks.ts";
export type { CustomInput } from "../policy/parsing/parse-custom.ts";
export type { EnvironmentInput } from "../policy/parsing/parse-environment.ts";
export type { FilesystemGrantsInput, GrantsInput } from "../policy/parsing/parse-grants.ts";
export type { LookupInput } from "../policy/parsing/parse-lookup.ts";
export type {
  HostInput,
  NetworkGrantsInput,
  NetworkInput,
  NetworkRuleInput,
  PortsInput,
} from "../policy/parsing/parse-network.ts";
export type { PreopenDefaultsInput, PreopenInput } from "../policy/parsing/parse-preopens.ts";
export type { ProcessInput } from "../policy/parsing/parse-process.ts";
export type { RandomInput } from "../policy/parsing/parse-random.ts";
export type { StorageRuleInput } from "../policy/storage/parse-storage.ts";
export {
  CordonError,
  ERROR_CODES,
  type ErrorCode,
  type LimitDetail,
  type TrapDetail,
  type TrapFrame,
} from "../shared/errors.ts";
export { LIMIT_PROFILES, PROFILE_NAMES, type ProfileName } from "../shared/limits/limit-profiles.ts";
export { DEFAULT_LIMITS, type Limits } from "../shared/limits/limits.ts";
export type { GrantSetting, Remedy, Setting } from "../shared/text/remedy.ts";
export type { Usage } from "../shared/limits/usage.ts";
export type {
  ComponentInterface,
  WitCase,
  WitField,
  WitFunction,
  WitInterface,
  WitPrimitive,
  WitType,
  WitWorldSide,
} from "../shared/wit/wit.ts";
export type { ComponentInfo, LoadOptions } from "./loading/component-info.ts";
export type { DeterministicInput } from "./options/deterministic.ts";
export type { OsSandbox } from "../shared/machine/os-sandbox.ts";
export type { IsolationInUse, IsolationLevel, IsolationOptions } from "./options/isolation-options.ts";
export type { HttpExchange } from "./http/http-exchange.ts";
export type {
  HttpBodyPart,
  HttpFields,
  HttpRequestHead,
  HttpResponseHead,
  HttpResponsePart,
} from "../shared/http-message.ts";
export type { RequestFailure } from "./http/http-requests.ts";
export type {
  CoreHostFunctionInput,
  HostFunctionCheck,
  HostFunctionContext,
  HostFunctionInput,
  HostResourceInput,
} from "./host-functions/host-function-input.ts";
export type { MissingImports } from "./loading/missing-imports.ts";
export { inspect, type InspectOptions, type Inspection } from "./loading/inspect.ts";
export type { Reach, ReachGrant } from "./loading/reach.ts";
export type { LimitsInput } from "./options/limit-options.ts";
export type { SecretInput } from "../policy/parsing/parse-secrets.ts";
export type { SecretStoreOptions } from "./options/secret-options.ts";
export type { SignatureInput } from "./options/signature-options.ts";
export type { PublisherLevel } from "../shared/publisher-level.ts";
export { run } from "./run.ts";
export type { ExportName, ExportParameters, ExportResult } from "./calls/typed-exports.ts";
export type { CallResult } from "./calls/call-result.ts";
export type { GuestHandle } from "./calls/guest-handle.ts";
export { GuestInstance, type InstanceCallOptions } from "./calls/guest-instance.ts";
export type { Totals } from "./calls/totals.ts";
export type { CallOutcome } from "./calls/call-many.ts";
export type { RunningCall } from "./calls/running-call.ts";
export { requestHandler, type RequestHandler, type RequestHandlerOptions } from "./http/request-handler.ts";
export type { CallManyOptions, CallOptions } from "./options/call-options.ts";
export type { PolicyInput, SandboxOptions } from "./options/sandbox-options.ts";
export { defineTemplates, type Templates } from "./options/templates.ts";
export type { ExecuteResult, SpawnedProgram } from "./calls/program-result.ts";
export type { CapabilityRow } from "./manifest/side-by-side.ts";
export type { ManifestInUse } from "./manifest/manifest-in-use.ts";
export type { ManifestInput } from "./manifest/manifest-options.ts";
export type { PolicyInUse } from "./policy/policy-in-use.ts";
export { Sandbox } from "./sandbox.ts";
export type { WatchOptions } from "./watch/watch-options.ts";
export { watch, WatchedSandbox } from "./watch/watched-sandbox.ts";
export { type HttpServer, serveHttp, type ServeHttpOptions } from "./http/serve-http.ts";
export type { ComponentSource } from "./loading/source.ts";
export type { NodeSink, OutputSink, StdinSource, StdioOptions } from "./calls/stdio-options.ts";
