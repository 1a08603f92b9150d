import type { AuditObservation } from "../../src/audit/event.ts";
import type { HostContext, HostInterface, HostResult } from "../../src/host/capability.ts";
import { ioMeters } from "../../src/host/metering/io-meters.ts";
import { type Grants, NO_GRANTS } from "../../src/policy/grants.ts";
import type { InvocationEnd } from "../../src/shared/invocation-end.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/shared/limits/limits.ts";

/** Thrown by `context.end`, so that a test can tell it from a trap. */
export class InvocationEnded extends Error {
  readonly ending: InvocationEnd;

  constructor(ending: InvocationEnd) {
    super(`the invocation ended: ${JSON.stringify(ending)}`);
    this.ending = ending;
  }
}

/** A context as a host function gets it, with what it was sent kept for the test. */
export interface TestContext extends HostContext {
  readonly observations: AuditObservation[];
  /** Puts other grants in force, as the runtime does. */
  readonly setGrants: (grants: Partial<Grants>) => void;
  /** Ends the invocation, as the runtime does. */
  readonly abort: (reason?: unknown) => void;
}

/** What a test chooses. */
export interface TestContextOptions {
  readonly grants?: Partial<Grants>;
  readonly limits?: Partial<Limits>;
  readonly programArguments?: readonly string[];
  readonly ask?: HostContext["ask"];
  /** The clock of the rates, in milliseconds, for a test that must not depend on how fast the machine is. */
  readonly now?: () => number;
}

/** A context for host functions that are called without a guest. */
export function hostContext(options: TestContextOptions = {}): TestContext {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const abort = new AbortController();
  const observations: AuditObservation[] = [];
  const listeners: (() => void)[] = [];
  let grants: Grants = { ...NO_GRANTS, ...options.grants };
  return {
    get grants() {
      return grants;
    },
    onPolicyChange: (changed) => void listeners.push(changed),
    setGrants: (next) => {
      grants = { ...NO_GRANTS, ...next };
      for (const changed of listeners) changed();
    },
    limits,
    programArguments: options.programArguments ?? [],
    signal: abort.signal,
    meters: ioMeters(limits, options.now),
    observations,
    observe: (observation) => void observations.push(observation),
    ask: options.ask ?? (async (service) => Promise.reject(new Error(`nothing answers ${service}`))),
    tell: (service, payload) => void options.ask?.(service, payload).catch(() => undefined),
    end: (ending) => {
      abort.abort();
      throw new InvocationEnded(ending);
    },
    refuseIfOver: () => abort.signal.throwIfAborted(),
    abort: (reason) => abort.abort(reason),
  };
}

/** Calls a host function by its name in the binary. */
export function callHost(
  provider: HostInterface,
  name: string,
  context: HostContext,
  ...parameters: readonly unknown[]
): HostResult | Promise<HostResult> {
  const found = provider.functions.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${provider.name} has no function ${name}`);
  return found.call(context, ...(parameters as never[]));
}
