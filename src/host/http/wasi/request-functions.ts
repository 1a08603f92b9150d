import type { HostContext } from "../../capability.ts";
import { err, ok } from "../../text.ts";
import type { WasiFunctions } from "../../wasi-interface.ts";
import type { Fields } from "./fields/fields.ts";
import type { IncomingRequest } from "./incoming/incoming-request.ts";
import { OutgoingRequest } from "./outgoing/outgoing-request.ts";
import { RequestOptions } from "./outgoing/request-options.ts";
import type { Method, Scheme } from "./outgoing/request-rules.ts";

type Outcome<T> = { readonly tag: "ok"; readonly val: T } | { readonly tag: "err"; readonly val: undefined };
type Duration = bigint | undefined;

/** A `result` without an error value, from what is `undefined` for the error. */
export function found<T>(value: T | undefined): Outcome<T> {
  return value === undefined ? err(undefined) : ok(value);
}

/** The same for a function that only returns whether it did its work. */
export function done(succeeded: boolean): Outcome<undefined> {
  return succeeded ? ok(undefined) : err(undefined);
}

/** The functions of requests, in both directions, and of their options. */
export const requestFunctions: NonNullable<WasiFunctions["direct"]> = {
  "[method]incoming-request.method": (_context: HostContext, self: IncomingRequest) => ok(self.method),
  "[method]incoming-request.path-with-query": (_context: HostContext, self: IncomingRequest) => ok(self.pathWithQuery),
  "[method]incoming-request.scheme": (_context: HostContext, self: IncomingRequest) => ok(self.scheme),
  "[method]incoming-request.authority": (_context: HostContext, self: IncomingRequest) => ok(self.authority),
  "[method]incoming-request.headers": (_context: HostContext, self: IncomingRequest) => ok(self.headers()),
  "[method]incoming-request.consume": (_context: HostContext, self: IncomingRequest) => found(self.consume()),

  "[constructor]outgoing-request": (context: HostContext, headers: Fields) => ok(new OutgoingRequest(context, headers)),
  "[method]outgoing-request.body": (_context: HostContext, self: OutgoingRequest) => found(self.body()),
  "[method]outgoing-request.method": (_context: HostContext, self: OutgoingRequest) => ok(self.method),
  "[method]outgoing-request.set-method": (_context: HostContext, self: OutgoingRequest, method: Method) =>
    done(self.setMethod(method)),
  "[method]outgoing-request.path-with-query": (_context: HostContext, self: OutgoingRequest) => ok(self.pathWithQuery),
  "[method]outgoing-request.set-path-with-query": (
    _context: HostContext,
    self: OutgoingRequest,
    path: string | undefined,
  ) => done(self.setPathWithQuery(path)),
  "[method]outgoing-request.scheme": (_context: HostContext, self: OutgoingRequest) => ok(self.scheme),
  "[method]outgoing-request.set-scheme": (_context: HostContext, self: OutgoingRequest, scheme: Scheme | undefined) =>
    done(self.setScheme(scheme)),
  "[method]outgoing-request.authority": (_context: HostContext, self: OutgoingRequest) => ok(self.authority),
  "[method]outgoing-request.set-authority": (
    _context: HostContext,
    self: OutgoingRequest,
    authority: string | undefined,
  ) => done(self.setAuthority(authority)),
  "[method]outgoing-request.headers": (_context: HostContext, self: OutgoingRequest) => ok(self.headers()),

  "[constructor]request-options": () => ok(new RequestOptions()),
  "[method]request-options.connect-timeout": (_context: HostContext, self: RequestOptions) => ok(self.connectTimeout),
  "[method]request-options.set-connect-timeout": (_context: HostContext, self: RequestOptions, timeout: Duration) => {
    self.connectTimeout = timeout;
    return ok(undefined);
  },
  "[method]request-options.first-byte-timeout": (_context: HostContext, self: RequestOptions) =>
    ok(self.firstByteTimeout),
  "[method]request-options.set-first-byte-timeout": (
    _context: HostContext,
    self: RequestOptions,
    timeout: Duration,
  ) => {
    self.firstByteTimeout = timeout;
    return ok(undefined);
  },
  "[method]request-options.between-bytes-timeout": (_context: HostContext, self: RequestOptions) =>
    ok(self.betweenBytesTimeout),
  "[method]request-options.set-between-bytes-timeout": (
    _context: HostContext,
    self: RequestOptions,
    timeout: Duration,
  ) => {
    self.betweenBytesTimeout = timeout;
    return ok(undefined);
  },
};
