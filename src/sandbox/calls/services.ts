import type { AuditObservation } from "../../audit/event.ts";
import { ProgramAnswers } from "../../host/process/answer.ts";
import { PROCESS_SERVICE } from "../../host/process/run-request.ts";
import { RETURNED_SERVICE } from "../../runtime/engine/streams/messages.ts";
import type { Job } from "../../runtime/pending.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { HostObjects } from "../host-functions/host-objects.ts";
import { CallCancellations } from "../host-functions/call-cancellations.ts";
import type { HostFunctions } from "../host-functions/host-functions.ts";
import { ExchangeAnswers } from "../http/exchange-answers.ts";
import type { GrantsInForce } from "../policy/grants-in-force.ts";
import type { HttpExchange } from "../http/http-exchange.ts";
import type { InvocationStreams } from "../streams/invocation-streams.ts";
import type { Stdio } from "./stdio.ts";

/** What an invocation's host functions can ask of this side. */
export interface Services {
  readonly stdio: Stdio;
  readonly hostFunctions: HostFunctions;
  readonly policy: GrantsInForce;
  readonly limits: Limits;
  readonly exchange: HttpExchange | undefined;
  readonly observe: (observation: AuditObservation) => void;
  /** The embedder's objects that the invocation has handles of. */
  readonly objects: HostObjects;
  /** Its ends of the invocation's streams and futures. */
  readonly streams: InvocationStreams;
  /** Told what a call of an instance that stays has returned, where streams of it go on; throws when no call is to. */
  readonly returned?: ((payload: unknown) => void) | undefined;
}

/**
 * Answers what host functions ask, each service by the part that has it. Whoever asks may have been taken over by hostile code:
 * every part checks the grant again, and what it is given.
 */
export function answering(services: Services): NonNullable<Job["answer"]> {
  const { stdio, hostFunctions, policy, limits, exchange, observe, objects, streams } = services;
  const stdioAsker = { policy, limits, observe };
  const programs = new ProgramAnswers({ policy, limits, observe });
  const cancellations = new CallCancellations();
  const exchanged = exchange === undefined ? undefined : new ExchangeAnswers(exchange, limits);
  return async (service, payload, signal) => {
    const answer =
      stdio.answer(service, payload, stdioAsker) ??
      hostFunctions.answer(service, payload, { signal, policy, observe, objects, streams, cancellations }) ??
      streams.answer(service, payload) ??
      exchanged?.answer(service, payload);
    if (answer !== undefined) return answer;
    if (service === RETURNED_SERVICE && services.returned !== undefined) return services.returned(payload);
    if (service !== PROCESS_SERVICE) throw new Error(`nothing answers ${service}`);
    return programs.answer(payload, signal);
  };
}
