// oxlint-disable unicorn/consistent-function-scoping -- what runs in the guest is sent there as one function
import type { CoreTools } from "./probe-core.ts";

/** What a guest's request came to. */
export interface Fetched {
  readonly status: number;
  readonly body: string;
  readonly location: string | null;
  /** The error code that the body or its trailers ended with, or `null`. */
  readonly failure: string | null;
}

/** What a guest asks for; absent parts are not set, but for the scheme, which is HTTP then. */
export interface Fetching {
  readonly scheme?: unknown;
  readonly method?: unknown;
  readonly authority?: string;
  readonly path?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** Requests, as a guest makes them. */
export interface HttpTools {
  /** A whole exchange; or the error code, with the name of the setter before it when it is one that refuses its value. */
  readonly fetch: (wanted: Fetching) => Fetched | string;
  /** The same in short: `HTTP` with the status, or the error code. */
  readonly outcome: (wanted: Fetching) => string;
}

/** Runs within the guest; see {@link CoreTools}. */
export function httpTools({ wasi, call, resource, make, drop, wait, code, bytes, text }: CoreTools): HttpTools {
  /** Does a step of a stream again and again: `null` at the stream's end, else the error code. */
  const drain = (step: () => boolean): string | null => {
    for (;;) {
      try {
        if (!step()) return null;
      } catch (error) {
        const payload = (error as { payload?: { tag: string; val: unknown } }).payload;
        if (payload === undefined) throw error;
        return payload.tag === "closed" ? null : `!${code(call(wasi["http"], "httpErrorCode", payload.val))}`;
      }
    }
  };
  const readBody = (response: unknown): { body: string; failure: string | null } => {
    const incoming = call(response, "consume");
    const stream = call(incoming, "stream") as { blockingRead: (length: number) => Uint8Array };
    let body = "";
    const failure = drain(() => {
      body += text(stream.blockingRead(65_536));
      return true;
    });
    drop(stream);
    const trailers = call(resource("http", "IncomingBody"), "finish", incoming);
    if (failure !== null) return { body, failure };
    wait(trailers);
    const { val } = call(trailers, "get") as { val: { tag: string; val: unknown } };
    return { body, failure: val.tag === "err" ? `!${code(val.val)}` : null };
  };
  const writeBody = (outgoing: unknown, body: string): void => {
    const stream = call(outgoing, "write") as { blockingWriteAndFlush: (part: Uint8Array) => void };
    let at = 0;
    drain(() => {
      if (at >= body.length) return false;
      stream.blockingWriteAndFlush(bytes(body.slice(at, at + 4096)));
      at += 4096;
      return true;
    });
    drop(stream);
    call(resource("http", "OutgoingBody"), "finish", outgoing, undefined);
  };
  const fetch = ({ scheme, method, authority, path, headers = [], body }: Fetching): Fetched | string => {
    const given = headers.map(([name, value]) => [name, bytes(value)]);
    const fields = call(resource("http", "Fields"), "fromList", given);
    if (typeof fields === "string") return `fields${fields}`;
    const request = make("http", "OutgoingRequest", fields);
    for (const [setter, value] of [
      ["setMethod", method],
      ["setScheme", scheme ?? { tag: "HTTP" }],
      ["setAuthority", authority],
      ["setPathWithQuery", path],
    ] as const) {
      const set = value === undefined ? "ok" : call(request, setter, value);
      if (set !== "ok") return `${setter}${String(set)}`;
    }
    const outgoing = body === undefined ? undefined : call(request, "body");
    const future = call(wasi["outgoing"], "handle", request, undefined);
    if (typeof future === "string") return future;
    if (body !== undefined) writeBody(outgoing, body);
    wait(future);
    const { val: result } = call(future, "get") as { val: { tag: string; val: unknown } };
    if (result.tag === "err") return `!${code(result.val)}`;
    const response = result.val;
    const incoming = call(response, "headers");
    const [location] = call(incoming, "get", "location") as Uint8Array[];
    drop(incoming);
    const status = Number(call(response, "status"));
    const whole = { status, location: location === undefined ? null : text(location), ...readBody(response) };
    drop(response, future);
    return whole;
  };
  const outcome = (wanted: Fetching): string => {
    const fetched = fetch(wanted);
    return typeof fetched === "string" ? fetched : `HTTP ${fetched.status}`;
  };
  return { fetch, outcome };
}
