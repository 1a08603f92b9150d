import type { AuditObservation } from "../../audit/event.ts";
import type { AuditRecorder } from "../../audit/recorder.ts";
import type { HandleValues } from "../../component/values/check-value.ts";
import type { Ended, Job } from "../../runtime/pending.ts";
import { CordonError } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import type { Usage } from "../../shared/limits/usage.ts";
import type { Engine } from "../engine.ts";
import type { HostFunctions } from "../host-functions/host-functions.ts";
import { HostObjects } from "../host-functions/host-objects.ts";
import type { HttpExchange } from "../http/http-exchange.ts";
import type { CallableExport } from "../loading/exports.ts";
import type { GrantsInForce } from "../policy/grants-in-force.ts";
import { assertTablesWithin } from "../loading/table-limits.ts";
import { InvocationStreams } from "../streams/invocation-streams.ts";
import { checkEnding } from "./check-ending.ts";
import type { EmbeddersObjects } from "./instance-handles.ts";
import type { RunningCall } from "./running-call.ts";
import { type CallRecord, RunningCalls } from "./running-calls.ts";
import { answering, type Services } from "./services.ts";
import { EndedByPolicy, valueOf } from "./ending.ts";
import type { UsesListener } from "../policy/uses-listener.ts";
import type { RateGate } from "../policy/rate-gate.ts";
import type { Stdio } from "./stdio.ts";
import { type Totals, UsageTotals } from "./totals.ts";
import { usageOf } from "./usage.ts";

/** One invocation to make. */
export interface Work {
  /** Absent for an instance that stays. */
  readonly called?: CallableExport;
  readonly parameters: readonly unknown[];
  readonly programArguments?: readonly string[];
  readonly limits: Limits;
  readonly exchange?: HttpExchange;
  readonly ready?: Job["ready"];
  /** The embedder's objects that it has handles of, and streams; default none at first. */
  readonly embedders?: EmbeddersObjects;
  readonly returned?: Services["returned"];
  /** What becomes of handles in the result, where there may be any. */
  readonly results?: HandleValues | undefined;
}

const AN_INSTANCE = { name: "the instance", function: { name: "instance", parameters: [], async: false } } as const;

/** What streams end with that go on when their invocation has ended. */
function endOfStreams(...ended: Parameters<typeof valueOf>): CordonError {
  try {
    valueOf(...ended);
  } catch (thrown) {
    if (thrown instanceof CordonError) return thrown;
  }
  return new CordonError("cancelled", "Cannot go on with the stream: the call or instance that it is of has ended");
}

/** What invocations of one sandbox have in common. */
export interface InvocationParts {
  readonly engine: Engine;
  readonly inForce: GrantsInForce;
  readonly recorder: AuditRecorder;
  readonly hostFunctions: HostFunctions;
  /** What the policy in force has besides grants; it may be another one at each call and access. */
  readonly policies: {
    /** Told what each access took of the grants; what it answers is recorded. Must not throw. */
    readonly usesOf: UsesListener | undefined;
    /** How often it may be called and denied; without, there is no bound. */
    readonly rates: RateGate | undefined;
  };
}

/** Makes the invocations of one sandbox: gives each what it is to have, records what it does, and adds up what all of them used. */
export class Invocations {
  readonly #parts: InvocationParts;
  readonly #totals = new UsageTotals();
  readonly #running = new RunningCalls();
  #last = 0;
  #failure: CordonError | undefined;

  constructor(parts: InvocationParts) {
    this.#parts = parts;
  }

  /** What all that have ended used together. */
  get totals(): Totals {
    return this.#totals.soFar;
  }

  /** Those that have not ended yet. */
  get running(): readonly RunningCall[] {
    return this.#running.list;
  }

  /** Resolves when all that run now have ended. */
  ended(): Promise<void> {
    return this.#running.ended();
  }

  /** Whether none runs. */
  get areNone(): boolean {
    return this.#running.areNone;
  }

  /** The embedder's objects of one invocation. As many again as its handles may be under way. */
  embeddersObjects({ maxHandles }: Limits): EmbeddersObjects {
    const resources = this.#parts.engine.plan?.resources;
    return {
      objects: new HostObjects(2 * maxHandles),
      streams: new InvocationStreams(2 * maxHandles),
      resourceAt: (index) => {
        const found = resources?.[index];
        return found?.from === "import" ? this.#parts.hostFunctions.resourceAt(found.path) : undefined;
      },
    };
  }

  /** How one ended, with where it trapped if it did. */
  async #withPlaces(ended: Ended): Promise<Ended> {
    const { ending } = ended;
    if (ending.kind !== "trap") return ended;
    return { ...ended, ending: { ...ending, places: await this.#parts.engine.placesOf(ending.frames ?? []) } };
  }

  /** @throws CordonError `limit` for a call that is too many, or what all fail for. */
  #countCall(invocation: number, name: string): void {
    const { policies, recorder } = this.#parts;
    if (this.#failure !== undefined) throw this.#failure;
    policies.rates?.enter(name, `Cannot call ${quoteText(name)}`, (one) => recorder.record(invocation, one));
  }

  /** Ends all that runs, and refuses all that is to, for this reason. */
  fail(failure: CordonError): void {
    this.#failure ??= failure;
    for (const call of this.#running.list) call.stop(new EndedByPolicy(failure));
  }

  /** Counts a call of an instance that stays. @throws as `run` does. */
  countCall(name: string): void {
    this.#countCall(this.#last, name);
  }

  /** Runs one to its end. Rejects only for limits that the component's tables are over. */
  async run(
    { called, parameters, programArguments = [], limits, exchange, ready, returned, embedders, results }: Work,
    stdio: Stdio,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly ended: Ended; readonly usage: Usage }> {
    const { engine, inForce, recorder, hostFunctions, policies } = this.#parts;
    assertTablesWithin(limits, engine.tables);
    const { objects, streams } = embedders ?? this.embeddersObjects(limits);
    this.#last += 1;
    const invocation = this.#last;
    const record: CallRecord = { invocation, name: called?.name, denials: 0 };
    if (this.#failure !== undefined) throw this.#failure;
    // Calls of an instance that stays are counted when they are made.
    if (called !== undefined) this.#countCall(invocation, called.name);
    const { signal: stopped, stop, taken, leave, used } = this.#running.enter(record, signal);
    const observe = (observation: AuditObservation): void => {
      const { uses, ...label } = observation;
      if (uses !== undefined) {
        const found = policies.usesOf?.(label, uses);
        if (found !== undefined) recorder.record(invocation, found);
        return;
      }
      if (observation.result === "Denied") record.denials += 1;
      recorder.record(invocation, observation);
      const over =
        observation.result === "Denied" ? policies.rates?.denied((one) => recorder.record(invocation, one)) : undefined;
      if (over !== undefined) stop(new EndedByPolicy(over));
    };
    const run = await engine.run({
      invocation: {
        programId: engine.programId,
        ...(called === undefined ? {} : { target: called.path }),
        parameters,
        programArguments: [engine.info.name, ...programArguments],
        request: exchange?.head,
        ...inForce.current,
        limits,
      },
      signal: stopped,
      taken,
      observe,
      ready,
      answer: answering({
        stdio,
        hostFunctions,
        policy: inForce,
        limits,
        exchange,
        observe,
        objects,
        streams,
        returned,
      }),
    });
    leave();
    await stdio.close();
    const reported = await this.#withPlaces(run);
    const mustCheck = called !== undefined && (engine.untrusted || results !== undefined);
    const ended = mustCheck ? checkEnding(reported, called.function, results) : reported;
    const usage = usageOf(ended, record.denials);
    used(usage);
    objects.end();
    streams.end(() => endOfStreams(ended, called ?? AN_INSTANCE, limits, usage));
    this.#totals.add(usage);
    return { ended, usage };
  }
}
