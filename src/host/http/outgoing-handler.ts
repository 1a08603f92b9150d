import type { Remedy } from "../../shared/text/remedy.ts";
import type { HostContext, HostInterface, HostResult } from "../capability.ts";
import { checkTarget } from "../net/check.ts";
import { type Resolver, systemResolver } from "../net/resolve.ts";
import { err, ok } from "../text.ts";
import { reportUses } from "../uses.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { type ErrorCode, plainCode } from "./wasi/error-code.ts";
import { FutureIncomingResponse } from "./wasi/incoming/incoming-response.ts";
import { observeLimit } from "./wasi/limit-event.ts";
import { planRequest } from "./wasi/outgoing/outgoing-plan.ts";
import type { OutgoingRequest } from "./wasi/outgoing/outgoing-request.ts";
import type { RequestOptions } from "./wasi/outgoing/request-options.ts";
import { sendRequest } from "./wasi/outgoing/send.ts";

type Handled = HostResult<FutureIncomingResponse, ErrorCode>;

/**
 * `wasi:http/outgoing-handler`. What is not well-formed or not granted by its name is refused at once; the addresses of what is
 * granted are checked before a connection is made, and the response says so if none is allowed.
 *
 * @param resolve looks names up; default: the operating system
 */
export function outgoingHandler(resolve: Resolver = systemResolver): HostInterface {
  return wasiInterface("wasi:http/outgoing-handler", {
    direct: {
      handle: (context: HostContext, request: OutgoingRequest, options: RequestOptions | undefined) => {
        try {
          return handle(context, request, options, resolve);
        } finally {
          // The request was handed over; what is sent of it has been retained.
          request[Symbol.dispose]();
        }
      },
    },
  });
}

function handle(
  context: HostContext,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
  resolve: Resolver,
): Handled {
  const planned = planRequest(context, request, options);
  const refuse = (
    code: ErrorCode,
    result: "Denied" | "Error",
    resource: string,
    reason: string,
    remedies?: readonly Remedy[],
  ): Handled => {
    const event = { eventType: "NetworkAccess", action: "http.handle", resource, result, reason } as const;
    context.observe(remedies === undefined ? event : { ...event, remedies });
    return err(code);
  };
  if (!planned.ok) return refuse(planned.code, "Denied", planned.resource, planned.reason);
  const { plan } = planned;
  const decision = checkTarget(context.grants.network, plan.target);
  if (!decision.allowed) {
    return refuse(plainCode("HTTP-request-denied"), "Denied", plan.resource, decision.reason, decision.remedies);
  }
  const label = { eventType: "NetworkAccess", action: "http.handle", resource: plan.resource } as const;
  reportUses(context, label, [{ kind: "http", ...plan.target }]);
  if (!context.meters.connections.take()) {
    const { cap } = context.meters.connections;
    observeLimit(context, plan.resource, `${cap} connections are open, which is the limit`);
    return refuse(plainCode("connection-limit-reached"), "Error", plan.resource, "too many connections");
  }
  request.markSent();
  const future = new FutureIncomingResponse();
  sendRequest(context, plan, future, resolve);
  return ok(future);
}
