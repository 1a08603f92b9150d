import type { AuditObservation, AuditResult } from "../../audit/event.ts";
import { normalizeArguments, normalizeValue } from "../../component/values/check-value.ts";
import {
  type AsyncCall,
  checkCustom,
  type CustomAnswer,
  type CustomFunction,
  customLabel,
  customResource,
} from "../../host/custom/custom-function.ts";
import type { CustomGrant } from "../../policy/grants.ts";
import { messageOf } from "../../shared/errors.ts";
import { onAbort } from "../../shared/on-abort.ts";
import type { WitFunction } from "../../shared/wit/wit.ts";
import type { CallCancellations } from "./call-cancellations.ts";
import { CallObjects, type CallObjectsParts, type ResourcesByName } from "./call-objects.ts";
import type { GrantsInForce } from "../policy/grants-in-force.ts";
import type { HostFunctionContext } from "./host-function-input.ts";

/** What the embedder's side knows of the invocation that asks. */
export interface HostFunctionAsker extends CallObjectsParts {
  /** Aborted when the invocation has ended. */
  readonly signal: AbortSignal;
  readonly policy: GrantsInForce;
  readonly observe: (observation: AuditObservation) => void;
  /** Of the invocation's calls. */
  readonly cancellations: CallCancellations;
}

/** A function of the embedder that was found to be in order. */
export interface RegisteredFunction {
  readonly descriptor: CustomFunction;
  readonly wit: WitFunction;
  readonly resources: ResourcesByName;
  readonly allows: ((grant: CustomGrant, parameters: readonly unknown[]) => unknown) | undefined;
  readonly call: (parameters: readonly unknown[], context: HostFunctionContext) => unknown;
}

/** How much of an error's message is passed on, in UTF-16 code units. */
const MAX_REASON = 1_000;

const ENDED = "the invocation ended before it was done";

/**
 * Calls a function of the embedder for a guest: types of the parameters, the grant, the embedder's own check, the function, the
 * type of what it returned. Records one event, at the latest when the invocation ends. Whatever the function does, the answer
 * comes by then.
 */
export async function answerCustom(
  fn: RegisteredFunction,
  payload: unknown,
  asker: HostFunctionAsker,
): Promise<CustomAnswer> {
  if (!fn.descriptor.async) return answerCall(fn, payload, asker, asker.signal);
  const { call, parameters } = payload as Partial<AsyncCall>;
  const cancelled = asker.cancellations.begin(call, asker.signal);
  if (cancelled === undefined) throw new Error("a call has no number of its own");
  try {
    return await answerCall(fn, parameters, asker, cancelled);
  } finally {
    asker.cancellations.end(call);
  }
}

/** @param told Aborted when nobody waits for what the function does any more. */
async function answerCall(
  fn: RegisteredFunction,
  payload: unknown,
  { signal, policy, observe, ...parts }: HostFunctionAsker,
  told: AbortSignal,
): Promise<CustomAnswer> {
  const passed = new CallObjects(parts, fn.resources);
  let parameters: readonly unknown[];
  try {
    parameters = normalizeArguments(fn.wit, payload as readonly unknown[], passed.parameters);
  } catch (thrown) {
    passed.refuse();
    passed.end();
    throw thrown;
  }
  let isRecorded = false;
  const record = (result: AuditResult, reason?: string): void => {
    if (isRecorded) return;
    isRecorded = true;
    observe({
      eventType: "CustomAccess",
      action: customLabel(fn.descriptor),
      resource: customResource(fn.descriptor, parameters),
      result,
      ...(reason === undefined ? {} : { reason }),
    });
  };

  const ended = Promise.withResolvers<CustomAnswer>();
  const giveUp = (): void => {
    record("Error", ENDED);
    ended.resolve({ kind: "failed", reason: ENDED });
  };
  if (signal.aborted) giveUp();
  const stopListening = onAbort(signal, giveUp);
  const over = new AbortController();
  if (told.aborted) over.abort(told.reason);
  const stopTelling = onAbort(told, () => over.abort(told.reason));
  const onChange = async (): Promise<void> => {
    const reason = await refusalOf(fn, policy, parameters);
    if (reason === undefined) return;
    record("Denied", `it was not let go on, since the policy has changed: ${reason}`);
    ended.resolve({ kind: "denied", reason });
    over.abort(new Error("the policy does not allow it any more"));
  };
  const forget = policy.onChange(() => void onChange());
  try {
    // What is lent to the function is so until it has done its work, whoever waits for that.
    const performed = perform(fn, policy, parameters, { signal: over.signal, record, passed }).finally(() =>
      passed.end(),
    );
    return await Promise.race([ended.promise, performed]);
  } finally {
    stopListening();
    stopTelling();
    forget();
  }
}

/** What a call is made with besides its parameters. */
interface Performance {
  readonly signal: AbortSignal;
  readonly record: (result: AuditResult, reason?: string) => void;
  readonly passed: CallObjects;
}

/** Never rejects: it may be that nobody waits for it any more. */
async function perform(
  fn: RegisteredFunction,
  policy: GrantsInForce,
  parameters: readonly unknown[],
  { signal, record, passed }: Performance,
): Promise<CustomAnswer> {
  const failed = (reason: string, recorded: string = reason): CustomAnswer => {
    record("Error", recorded);
    return { kind: "failed", reason };
  };
  if (signal.aborted) {
    passed.refuse();
    return failed(ENDED);
  }
  const refusal = await refusalOf(fn, policy, parameters);
  if (refusal !== undefined) {
    passed.refuse();
    record("Denied", refusal);
    return { kind: "denied", reason: refusal };
  }
  // The check may have taken its time.
  if (signal.aborted) {
    passed.refuse();
    return failed(ENDED);
  }
  let returned: unknown;
  try {
    const answer = fn.call(parameters, { signal });
    // A promise is what the guest is given of a future, and not what is waited for.
    returned = fn.wit.result?.kind === "future" ? answer : await answer;
  } catch (thrown) {
    return failed(reasonOf(thrown));
  }
  if (fn.wit.result === undefined) {
    record("Allowed");
    return { kind: "returned", value: undefined };
  }
  try {
    const value = normalizeValue(returned, fn.wit.result, "hand on what the host function returned", passed.result);
    record("Allowed");
    return { kind: "returned", value };
  } catch (thrown) {
    // What was found instead is the embedder's, and not for the guest.
    return failed("the host function returned what is not of its type", reasonOf(thrown));
  }
}

/** Why the call is not allowed now. */
async function refusalOf(
  { descriptor, allows }: RegisteredFunction,
  { grants }: GrantsInForce,
  parameters: readonly unknown[],
): Promise<string | undefined> {
  const decision = checkCustom(descriptor, grants.custom, parameters);
  if (!decision.allowed) return decision.reason;
  if (allows === undefined) return undefined;
  const refused = `the check of ${descriptor.capability} does not allow it`;
  try {
    return (await allows(decision.grant, parameters)) === true ? undefined : refused;
  } catch {
    // A check that fails has not allowed anything.
    return `the check of ${descriptor.capability} failed`;
  }
}

/** What was thrown, on one line; it may be anything. */
function reasonOf(thrown: unknown): string {
  let text = "";
  try {
    text = messageOf(thrown).slice(0, MAX_REASON).toWellFormed();
  } catch {
    // An object that cannot be made text has none.
  }
  return text === "" ? "the host function failed" : text;
}
