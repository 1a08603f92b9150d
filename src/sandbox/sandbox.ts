import { AuditRecorder } from "../audit/recorder.ts";
import { normalizeArguments } from "../component/values/check-value.ts";
import type { Job } from "../runtime/pending.ts";
import { abortable } from "../shared/abortable.ts";
import { CordonError } from "../shared/errors.ts";
import type { Limits } from "../shared/limits/limits.ts";
import type { Usage } from "../shared/limits/usage.ts";
import type { ComponentInfo } from "./loading/component-info.ts";
import { type HttpExchange, httpExchange } from "./http/http-exchange.ts";
import { InstanceHandles } from "./calls/instance-handles.ts";
import { exportedResourcesOf } from "./calls/resource-types.ts";
import { refuseHandleResult } from "./calls/refuse-handle-result.ts";
import { refuseOtherReceivers } from "./own-receiver.ts";
import { type Engine, openEngine } from "./engine.ts";
import type { IsolationInUse } from "./options/isolation-options.ts";
import type { CallResult } from "./calls/call-result.ts";
import type { ExportName, ExportParameters, ExportResult } from "./calls/typed-exports.ts";
import { commandEntry, httpHandler } from "./loading/entries.ts";
import { exitCodeOf, valueOf } from "./calls/ending.ts";
import { GuestInstance } from "./calls/guest-instance.ts";
import { type InvocationParts, Invocations } from "./calls/invocations.ts";
import type { ExecuteResult, SpawnedProgram } from "./calls/program-result.ts";
import { findExport } from "./loading/exports.ts";
import { type CallManyOptions, callManyOptions, type CallOptions, callOptions } from "./options/call-options.ts";
import { atMost, limitsFrom, type LimitsInput } from "./options/limit-options.ts";
import type { ManifestInUse } from "./manifest/manifest-in-use.ts";
import type { OpenedManifest } from "./manifest/opened-manifest.ts";
import type { SchemaChecks } from "./manifest/schema-checks.ts";
import { GrantsInForce } from "./policy/grants-in-force.ts";
import type { OpenedOptions, PolicyInUse } from "./policy/policy-in-use.ts";
import { PolicySwitch } from "./policy/policy-switch.ts";
import { withSecrets } from "./policy/with-secrets.ts";
import {
  type PolicyInput,
  readPolicyInput,
  type ReadSandboxOptions,
  readSandboxOptions,
  type SandboxOptions,
} from "./options/sandbox-options.ts";
import type { AuditFiles } from "./policy/audit-files.ts";
import { readOptions } from "./options/shape.ts";
import type { ComponentSource } from "./loading/source.ts";
import type { Services } from "./calls/services.ts";
import { functionHoldsHandle, holdsStream } from "../shared/wit/wit-handles.ts";
import { Stdio } from "./calls/stdio.ts";
import { callMany, type CallOutcome, MANY_AT_ONCE } from "./calls/call-many.ts";
import { outputStream } from "./calls/output-stream.ts";
import type { RunningCall } from "./calls/running-call.ts";
import type { Totals } from "./calls/totals.ts";

/**
 * A component with what it was granted. Each call runs on a fresh instance, in a worker thread of this process or of one of its
 * own, as `isolation` says; many can run at once.
 *
 * All sandboxes of a process share one pool of workers, which is gone when the last of them is closed.
 *
 * `Sandbox<Exports>` knows the types of its exports, as `cordon types` writes them; nothing of that is checked when it runs.
 */
export class Sandbox<Exports extends object = object> implements AsyncDisposable {
  /** What was loaded. */
  readonly component: ComponentInfo;
  /** The manifest that it was opened under; `undefined` without one. */
  readonly manifest: ManifestInUse | undefined;
  readonly #opened: OpenedManifest | undefined;
  readonly #schemas: SchemaChecks | undefined;
  readonly #engine: Engine;
  readonly #isDeterministic: boolean;
  readonly #policies: PolicySwitch;
  readonly #invocations: Invocations;
  readonly #files: Disposable | undefined;
  #closed = false;

  static {
    refuseOtherReceivers(Sandbox, "sandbox", (self) => #closed in self);
  }

  private constructor(parts: SandboxParts) {
    // Only JavaScript gets here without them.
    if (!(parts?.recorder instanceof AuditRecorder)) {
      throw new CordonError(
        "usage",
        "Cannot make a Sandbox with new: open a component with await Sandbox.open(source)",
      );
    }
    this.component = parts.engine.info;
    this.#engine = parts.engine;
    this.#invocations = parts.invocations;
    this.#files = parts.files;
    this.#isDeterministic = parts.isDeterministic;
    this.#policies = parts.policies;
    this.manifest = parts.manifest?.inUse;
    this.#opened = parts.manifest;
    this.#schemas = parts.schemas;
  }

  /**
   * Loads a component and makes it ready to be called.
   *
   * @throws CordonError `policy` for wrong grants, secrets or a wrong manifest, `usage` for wrong limits, an unreadable source or secret or isolation that cannot be had, `signature`, `invalid-component`,
   * `unsupported` when it imports what is not provided, `limit`, `host` or `cancelled`.
   */
  static async open<Exports extends object = object>(
    source: ComponentSource,
    given: SandboxOptions = {},
  ): Promise<Sandbox<Exports>> {
    const read = readSandboxOptions("Sandbox.open", given);
    const { policy, manifest } = read.options;
    const opened =
      policy === undefined
        ? { ...read, source }
        : await (await import("./policy/with-policy.ts")).withPolicy(source, read, policy);
    const asked = { ...read, source };
    if (manifest === undefined) return Sandbox.#openRead(opened, asked);
    const { withManifest } = await import("./manifest/with-manifest.ts");
    const under = await withManifest(opened, manifest);
    try {
      return await Sandbox.#openRead(under, asked);
    } catch (thrown) {
      under.manifest?.close();
      throw thrown;
    }
  }

  static async #openRead<Exports extends object>(
    opened: OpenedOptions,
    read: ReadSandboxOptions & { readonly source: ComponentSource },
  ): Promise<Sandbox<Exports>> {
    const { source, options, limits, hostFunctions, policy, signatures, expectedDigest } = opened;
    const engine = await openEngine(
      source,
      { ...options, limits, signatures, expectedDigest, origin: read.source },
      hostFunctions.descriptors,
      opened.grants,
    );
    const { name, digest } = engine.info;
    const schemas = opened.manifest === undefined ? undefined : await withSchemas(opened.manifest, engine);
    const inForce = new GrantsInForce(await grantsOrClose(opened, engine));
    const version = policy === undefined ? {} : { policyVersion: policy.version };
    const subject = { componentId: name, componentDigest: digest, ...version };
    let invocations: Invocations | undefined;
    const files = await auditFilesOf(opened, engine, (error) => invocations?.fail(error));
    const recorder = new AuditRecorder(subject, files === undefined ? options.onEvent : files.record);
    const isDeterministic = (options.deterministic ?? false) !== false;
    const policies = new PolicySwitch({ engine, inForce, recorder, read, opened });
    await policies.begin();
    const { manifest } = opened;
    const common = { engine, inForce, recorder, hostFunctions, policies };
    invocations = new Invocations(common);
    return new Sandbox({ ...common, invocations, files, isDeterministic, manifest, schemas });
  }

  /**
   * Calls an export on a fresh instance.
   *
   * @param name `function`, or `interface#function`, where the interface may be shortened; see docs/sdk.md. Default: the
   * `run` of a skill.
   * @param parameters In the shapes of docs/values.md.
   * @throws CordonError `usage` for a wrong name or wrong arguments, `unsupported` when it returns a handle, which an instance that stays can, `guest-error` when the function returns `err`,
   * `trap`, `limit`, `cancelled` or `host`. All but `usage` carry what the call used.
   */
  async call<Name extends ExportName<Exports>>(
    name?: Name,
    parameters: ExportParameters<Exports, Name> | readonly [] = [],
    given: CallOptions = {},
  ): Promise<CallResult<ExportResult<Exports, Name>>> {
    this.#assertOpen();
    const options = readOptions("Sandbox.call", callOptions, given);
    const called = findExport(this.#engine.info.interface, name);
    const limits = this.#limitsFor(options.limits);
    const { byType } = exportedResourcesOf(this.#engine.plan, called);
    const embedders = this.#invocations.embeddersObjects(limits);
    refuseHandleResult(called, (type) => embedders.resourceAt(byType.get(type) ?? -1) !== undefined);
    if (holdsStream(called.function.result)) {
      const { value, usage } = await this.#callWithStreams(called.name, parameters, options);
      return { value: value as ExportResult<Exports, Name>, usage };
    }
    const handles = new InstanceHandles({ most: 0, collects: false, dropped: () => undefined, embedders });
    const passed = handles.arguments(byType);
    try {
      const holdsHandles = functionHoldsHandle(called.function);
      const normal = normalizeArguments(called.function, parameters, holdsHandles ? passed : undefined);
      const checked = this.#schemas?.begin(called, limits, options.signal);
      // Without any the call begins at once, before its caller goes on.
      if (checked !== undefined) await checked.input(normal);
      passed.pass();
      const results = holdsHandles ? handles.results(byType) : undefined;
      const work = { called, parameters: normal, limits: checked?.limits ?? limits, embedders, results };
      const { ended, usage } = await this.#invocations.run(work, new Stdio(options, false), options.signal);
      const value = valueOf(ended, called, limits, usage);
      if (checked !== undefined) await checked.output(value, usage);
      return { value: value as ExportResult<Exports, Name>, usage };
    } finally {
      passed.end();
    }
  }

  /** On an instance that is closed when the call has come to its end, which its streams keep it from. */
  async #callWithStreams(name: string, parameters: readonly unknown[], options: CallOptions): Promise<CallResult> {
    const instance = await this.instantiate(options);
    try {
      return await instance.call(name, parameters);
    } finally {
      void instance.finish();
    }
  }

  /**
   * Runs a program, a component of the `wasi:cli/command` world, on a fresh instance.
   *
   * @param programArguments What comes after the program's own name.
   * @throws CordonError `usage` when it is no program or an argument holds NUL, `trap`, `limit`, `cancelled` or `host`. An exit
   * code other than 0 is no error.
   */
  async execute(programArguments: readonly string[] = [], given: CallOptions = {}): Promise<ExecuteResult> {
    this.#assertOpen();
    const options = readOptions("Sandbox.execute", callOptions, given);
    assertArguments(programArguments);
    const called = commandEntry(this.#engine.info.interface);
    const limits = this.#limitsFor(options.limits);
    const stdio = new Stdio(options, true);
    const { ended, usage } = await this.#invocations.run(
      { called, parameters: [], programArguments, limits },
      stdio,
      options.signal,
    );
    const exitCode = exitCodeOf(ended, () => valueOf(ended, called, limits, usage));
    return { exitCode, stdout: stdio.captured("stdout"), stderr: stdio.captured("stderr"), usage };
  }

  /**
   * Makes many calls of one export, each on a fresh instance and so many at once. Each ends by itself: one that fails ends no other.
   *
   * @param lists The parameters of each call.
   * @returns How each ended, in the order of `lists`.
   * @throws CordonError `usage` for wrong options, or what is no list of lists.
   */
  async callMany<Name extends ExportName<Exports>>(
    name: Name | undefined,
    lists: readonly (ExportParameters<Exports, Name> | readonly [])[],
    given: CallManyOptions = {},
  ): Promise<readonly CallOutcome[]> {
    this.#assertOpen();
    const { concurrency = MANY_AT_ONCE, ...options } = readOptions("Sandbox.callMany", callManyOptions, given);
    if (!Array.isArray(lists))
      throw new CordonError("usage", "Cannot make the calls: expected a list of parameter lists");
    return callMany(lists, concurrency, (parameters) => this.call(name, parameters, options));
  }

  /**
   * Runs a program as {@link execute} does, with its output as streams that are read as it comes: the guest waits for who reads, so read
   * both, or give one a sink. `ended` settles as `execute` does.
   */
  spawn(programArguments: readonly string[] = [], given: CallOptions = {}): SpawnedProgram {
    const [stdout, stderr] = [outputStream(), outputStream()];
    const stop = new AbortController();
    const run = async (): Promise<ExecuteResult> => {
      const options = readOptions("Sandbox.spawn", callOptions, given);
      const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
      return this.execute(programArguments, { stdout: stdout.write, stderr: stderr.write, ...options, signal });
    };
    const ended = run();
    ended.then(
      () => [stdout, stderr].forEach((one) => one.end()),
      (thrown: unknown) => [stdout, stderr].forEach((one) => one.end(thrown)),
    );
    return { stdout: stdout.readable, stderr: stderr.readable, ended, stop: (reason) => stop.abort(reason) };
  }

  /**
   * Has a component of the `wasi:http/proxy` world answer one request, on a fresh instance. Settles when the answer is whole.
   *
   * @throws CordonError `usage` when it is none of that world, `guest-error`, `trap`, `limit`, `cancelled` or `host`.
   */
  async handle(
    exchange: HttpExchange,
    given: CallOptions = {},
  ): Promise<{
    /** What answering used. */
    readonly usage: Usage;
  }> {
    this.#assertOpen();
    const options = readOptions("Sandbox.handle", callOptions, given);
    readOptions("Sandbox.handle", httpExchange, exchange);
    const called = httpHandler(this.#engine.info.interface);
    const limits = this.#limitsFor(options.limits);
    const work = { called, parameters: [], limits, exchange };
    const { ended, usage } = await this.#invocations.run(work, new Stdio(options, false), options.signal);
    valueOf(ended, called, limits, usage);
    return { usage };
  }

  /**
   * Makes sure that it can answer requests.
   *
   * @throws CordonError `usage` when the component is none of the `wasi:http/proxy` world.
   */
  assertHttpHandler(): void {
    httpHandler(this.#engine.info.interface);
  }

  /** How it is kept apart from this process. */
  get isolation(): IsolationInUse {
    return this.#engine.isolation;
  }

  /** What all calls that have ended used together, those of instances that stayed included. */
  get totals(): Totals {
    return this.#invocations.totals;
  }

  /** The calls that have not ended yet, instances that stay included, in the order in which they were made. */
  get running(): readonly RunningCall[] {
    return this.#invocations.running;
  }

  /** The limits that calls have which set none of their own. */
  get limits(): Limits {
    return this.#policies.limits;
  }

  /** The policy in force; `undefined` where no document is. */
  get policy(): PolicyInUse | undefined {
    return this.#policies.policy;
  }

  /**
   * Puts other policy documents in force, in the place of all that were: they add to the `grants` and other options that the sandbox was
   * opened with. Calls that run, and instances that stay, go by them from their next host call on; what they have open that is not allowed
   * any more is closed, and what waits for it ends. Limits hold for calls that begin from then on.
   *
   * @returns What is in force, when no host call goes by the policy before any more.
   * @throws CordonError `policy` for what is wrong with the documents, and for what no running sandbox can be given: then the policy before
   * stays in force. `usage`, `signature` and `cancelled` as `open`.
   */
  async setPolicy(policy: PolicyInput): Promise<PolicyInUse | undefined> {
    this.#assertOpen();
    return this.#policies.replace(readPolicyInput("Sandbox.setPolicy", policy));
  }

  /** Reads the documents in force anew, and puts them in force as {@link setPolicy} does others. */
  async reloadPolicy(): Promise<PolicyInUse | undefined> {
    this.#assertOpen();
    return this.#policies.reload();
  }

  /**
   * Makes an instance that stays, to be called again and again. Its start functions have run when it is there.
   *
   * @throws CordonError `trap`, `limit`, `cancelled` or `host`.
   */
  async instantiate(given: CallOptions = {}): Promise<GuestInstance> {
    this.#assertOpen();
    const options = readOptions("Sandbox.instantiate", callOptions, given);
    const limits = this.#limitsFor(options.limits);
    const made = Promise.withResolvers<GuestInstance>();
    let kept: GuestInstance | undefined = undefined as GuestInstance | undefined;
    const ready: Job["ready"] = (...given) => void made.promise.then((instance) => instance.ready(...given));
    const stopped = new AbortController();
    const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal]);
    const stop = (reason: unknown): void => stopped.abort(reason);
    const embedders = this.#invocations.embeddersObjects(limits);
    const returned: Services["returned"] = (payload) => kept?.returned(payload);
    const work = { parameters: [], limits, ready, returned, embedders };
    const ran = this.#invocations.run(work, new Stdio(options, false), signal);
    const { info, plan, untrusted } = this.#engine;
    const collectsHandles = !this.#isDeterministic;
    const instance = new GuestInstance({
      interface: info.interface,
      plan,
      embedders,
      limits,
      untrusted,
      collectsHandles,
      schemas: this.#schemas,
      count: (name) => this.#invocations.countCall(name),
      stop,
      ran,
    });
    kept = instance;
    made.resolve(instance);
    await instance.opened();
    return instance;
  }

  /**
   * Has the next call start as the first one did. Ends every call that is running and every instance that stays, as cancelled, and resolves
   * when they have ended; linear memories that are kept for the next calls, instances that were made ahead of them, and processes of the
   * component go with them. The component stays loaded, with its grants and limits; `totals` and the numbers of events go on, since they
   * are of what was done.
   *
   * @throws CordonError `cancelled` when the sandbox is closed.
   */
  async reset(): Promise<void> {
    this.#assertOpen();
    const ended = this.#invocations.ended();
    this.#engine.reset();
    await ended;
  }

  /** @internal Closes it once nothing of it runs any more, or the signal is aborted. */
  async closeWhenIdle(signal: AbortSignal): Promise<void> {
    while (!this.#invocations.areNone && !signal.aborted) {
      await abortable(this.#invocations.ended(), signal).catch(() => undefined);
    }
    await this.close();
  }

  /** The limits of a call; none is wider than a fence allows. */
  #limitsFor(given: LimitsInput | undefined): Limits {
    return atMost(limitsFrom(given, this.#policies.limits), this.#policies.mostLimits);
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new CordonError("cancelled", "Cannot call the component: its sandbox is closed");
  }

  /** Ends every call that is running, as cancelled, and lets go of everything. Safe to call more than once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#opened?.close();
    this.#policies.close();
    await this.#engine.close();
    this.#files?.[Symbol.dispose]();
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** What is granted; where that cannot be told, nothing stays open. */
async function grantsOrClose(opened: OpenedOptions, engine: Engine): Promise<GrantsInForce["grants"]> {
  try {
    return await withSecrets(opened, engine.info.name);
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

/** The checks of what exports take and return, for the component that was loaded. */
async function withSchemas(manifest: OpenedManifest, engine: Engine): Promise<SchemaChecks | undefined> {
  try {
    const { schemaChecks } = await import("./manifest/schema-checks.ts");
    return schemaChecks(manifest, engine);
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

/** Where documents have events written to; `undefined` where none does. */
async function auditFilesOf(
  { audits = [], options }: OpenedOptions,
  engine: Engine,
  lost: (error: CordonError) => void,
): Promise<AuditFiles | undefined> {
  if (audits.length === 0) return undefined;
  try {
    const { AuditFiles } = await import("./policy/audit-files.ts");
    return new AuditFiles(audits, options.onEvent, lost);
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

/** What a sandbox is made of. */
interface SandboxParts extends InvocationParts {
  readonly invocations: Invocations;
  readonly files: Disposable | undefined;
  readonly isDeterministic: boolean;
  readonly policies: PolicySwitch;
  readonly manifest: OpenedManifest | undefined;
  readonly schemas: SchemaChecks | undefined;
}

function assertArguments(programArguments: readonly string[]): void {
  if (!Array.isArray(programArguments)) {
    throw new CordonError("usage", "Cannot run the program: its arguments are no list of strings");
  }
  const wrong = programArguments.findIndex((one) => typeof one !== "string" || one.includes("\0"));
  if (wrong < 0) return;
  throw new CordonError("usage", `Cannot run the program: argument ${wrong + 1} is no string or holds a NUL character`);
}
