import type { HostContext } from "../../capability.ts";
import { Pollable } from "../../io/pollable.ts";
import { ok } from "../../text.ts";
import type { WasiFunctions } from "../../wasi-interface.ts";
import type { ErrorCode } from "./error-code.ts";
import type { Fields } from "./fields/fields.ts";
import type { FutureTrailers, IncomingBody } from "./incoming/incoming-body.ts";
import type { FutureIncomingResponse, IncomingResponse } from "./incoming/incoming-response.ts";
import type { OutgoingBody } from "./outgoing/outgoing-body.ts";
import { OutgoingResponse } from "./outgoing/outgoing-response.ts";
import { done, found } from "./request-functions.ts";
import type { ResponseOutparam } from "./response-outparam.ts";

type Response =
  | { readonly tag: "ok"; readonly val: OutgoingResponse }
  | { readonly tag: "err"; readonly val: ErrorCode };

/** The functions of responses and bodies, in both directions. */
export const responseFunctions: NonNullable<WasiFunctions["direct"]> = {
  "[static]response-outparam.set": (_context: HostContext, param: ResponseOutparam, response: Response) => {
    param.set(response);
    return ok(undefined);
  },

  "[method]incoming-response.status": (_context: HostContext, self: IncomingResponse) => ok(self.status),
  "[method]incoming-response.headers": (_context: HostContext, self: IncomingResponse) => ok(self.headers()),
  "[method]incoming-response.consume": (_context: HostContext, self: IncomingResponse) => found(self.consume()),

  "[method]incoming-body.stream": (_context: HostContext, self: IncomingBody) => found(self.stream()),
  "[static]incoming-body.finish": (_context: HostContext, body: IncomingBody) => ok(body.finish()),
  "[method]future-trailers.subscribe": (_context: HostContext, self: FutureTrailers) => ok(new Pollable(self)),
  "[method]future-trailers.get": (_context: HostContext, self: FutureTrailers) => ok(self.get()),

  "[constructor]outgoing-response": (context: HostContext, headers: Fields) =>
    ok(new OutgoingResponse(context, headers)),
  "[method]outgoing-response.status-code": (_context: HostContext, self: OutgoingResponse) => ok(self.statusCode),
  "[method]outgoing-response.set-status-code": (_context: HostContext, self: OutgoingResponse, status: number) =>
    done(self.setStatusCode(status)),
  "[method]outgoing-response.headers": (_context: HostContext, self: OutgoingResponse) => ok(self.headers()),
  "[method]outgoing-response.body": (_context: HostContext, self: OutgoingResponse) => found(self.body()),

  "[method]outgoing-body.write": (_context: HostContext, self: OutgoingBody) => found(self.write()),
  "[static]outgoing-body.finish": (_context: HostContext, body: OutgoingBody, trailers: Fields | undefined) =>
    body.finish(trailers),

  "[method]future-incoming-response.subscribe": (_context: HostContext, self: FutureIncomingResponse) =>
    ok(new Pollable(self)),
  "[method]future-incoming-response.get": (_context: HostContext, self: FutureIncomingResponse) => ok(self.get()),
};
