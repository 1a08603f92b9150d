import { types } from "node:util";
import type { CallOptions } from "../options/call-options.ts";
import { outputSink } from "../calls/stdio-options.ts";
import { callback, options, readOptions, type Shape, wholeNumber } from "../options/shape.ts";
import { outputStream, type OutputStream } from "../calls/output-stream.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import type { HttpBodyPart, HttpFields, HttpResponsePart } from "../../shared/http-message.ts";
import { type HttpRequestsOptions, statusOf } from "./http-requests.ts";
import { HOP_BY_HOP } from "./node-exchange.ts";
import { Sandbox } from "../sandbox.ts";

/** Answers one request; never rejects. */
export type RequestHandler = (request: Request) => Promise<Response>;

/** How a handler answers. */
export type RequestHandlerOptions = Omit<HttpRequestsOptions, "halfCloseMs">;

const handlerOptions: Shape<RequestHandlerOptions> = options<RequestHandlerOptions>({
  maxConcurrent: wholeNumber(1, 1_000_000),
  onFailure: callback<NonNullable<HttpRequestsOptions["onFailure"]>>(),
  stdout: outputSink,
  stderr: outputSink,
});

/** Statuses of answers that have no body, which `Response` insists on. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * What {@link serveHttp} does for one request, for a server of your own: mounts in Hono, Next, Express and others that take a function
 * from a `Request` to a `Response`, as they are or by their adapters. A fresh instance answers each request, and is ended when the
 * request's signal is aborted or its answer is given up. A guest that fails before it answered gives 502, 503 or 504; after that, the
 * answer's body fails. Trailers are dropped, since a `Response` has none.
 *
 * @param sandbox Of a component of the `wasi:http/proxy` world; yours to close.
 * @throws CordonError `usage` when it is none of that world, or for wrong options.
 */
export function requestHandler(sandbox: Sandbox, given: RequestHandlerOptions = {}): RequestHandler {
  const { maxConcurrent = 256, onFailure, ...stdio } = readOptions("requestHandler", handlerOptions, given);
  if (types.isProxy(sandbox) || !(sandbox instanceof Sandbox)) {
    const problem = "it takes a sandbox that is open, of await Sandbox.open(source)";
    throw new CordonError("usage", `Cannot make a handler of requests: ${problem}`);
  }
  sandbox.assertHttpHandler();
  let running = 0;
  return async (request) => {
    const { headers, limits } = { headers: request.headers, limits: sandbox.limits };
    if (running >= maxConcurrent) return plain(503);
    if (Number(headers.get("content-length") ?? 0) > limits.maxRequestBodyBytes) return plain(413);
    let headerBytes = 0;
    for (const [name, value] of headers) headerBytes += name.length + value.length;
    if (headerBytes > limits.maxHeaderBytes) return plain(431);
    running += 1;
    const exchange = new WebExchange(request);
    void exchange.handled(sandbox, stdio).then((error) => {
      running -= 1;
      if (error === undefined || request.signal.aborted) return;
      try {
        onFailure?.(error, { method: exchange.head.method, path: exchange.head.pathWithQuery });
      } catch (thrown) {
        process.emitWarning(`a listener for failed requests threw: ${String(thrown)}`, "CordonWarning");
      }
    });
    return exchange.response;
  };
}

/** One `Request` as an exchange, and the `Response` that comes of it. */
class WebExchange {
  readonly head;
  readonly #request: Request;
  readonly #answer = Promise.withResolvers<Response>();
  readonly #gone = new AbortController();
  readonly #body: OutputStream = outputStream();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #left: Uint8Array = new Uint8Array();
  #failure: string | undefined;
  #isBegun = false;
  #isWhole = false;

  constructor(request: Request) {
    this.#request = request;
    const url = new URL(request.url);
    const headers: HttpFields = [...request.headers].filter(([name]) => !HOP_BY_HOP.has(name));
    this.head = {
      method: request.method,
      scheme: url.protocol === "https:" ? ("https" as const) : ("http" as const),
      authority: url.host,
      pathWithQuery: `${url.pathname}${url.search}`,
      headers,
      hasBody: request.body !== null,
    };
  }

  get response(): Promise<Response> {
    return this.#answer.promise;
  }

  /** Has the guest answer. What kept it from a whole answer; never rejects. */
  async handled(sandbox: Sandbox, stdio: Pick<CallOptions, "stdout" | "stderr">): Promise<CordonError | undefined> {
    const signal = AbortSignal.any([this.#request.signal, this.#gone.signal]);
    try {
      await sandbox.handle(this, { ...stdio, signal });
      if (this.#isWhole) return undefined;
      const reason = this.#failure === undefined ? "" : `: ${this.#failure}`;
      throw new CordonError("guest-error", `Answering a request: the guest gave no whole answer${reason}`);
    } catch (thrown) {
      const error =
        thrown instanceof CordonError ? thrown : new CordonError("host", messageOf(thrown), { cause: thrown });
      if (this.#isBegun) this.#body.end(new Error("the component failed to answer"));
      else this.#answer.resolve(plain(statusOf(error)));
      return this.#gone.signal.aborted ? undefined : error;
    } finally {
      void this.#reader?.cancel().catch(() => undefined);
    }
  }

  readonly read = async (maxBytes: number): Promise<HttpBodyPart> => {
    this.#reader ??= this.#request.body?.getReader();
    while (this.#left.length === 0) {
      const next = await this.#reader?.read();
      if (next === undefined || next.done) return { bytes: new Uint8Array(), trailers: [] };
      this.#left = next.value;
    }
    const bytes = new Uint8Array(this.#left.subarray(0, maxBytes));
    this.#left = this.#left.subarray(bytes.length);
    return { bytes, trailers: undefined };
  };

  readonly send = async ({ head, body, trailers }: HttpResponsePart): Promise<void> => {
    if (head !== undefined) {
      const headers = new Headers();
      for (const [name, value] of head.headers) if (!HOP_BY_HOP.has(name.toLowerCase())) headers.append(name, value);
      this.#isBegun = true;
      const isBodiless = BODILESS.has(head.status) || this.head.method === "HEAD";
      this.#answer.resolve(new Response(isBodiless ? null : this.#body.readable, { status: head.status, headers }));
      if (isBodiless) this.#isWhole = true;
    }
    if (body !== undefined && !this.#isWhole) {
      try {
        await this.#body.write(body);
      } catch (thrown) {
        this.#gone.abort(thrown);
        throw thrown;
      }
    }
    if (trailers === undefined) return;
    this.#isWhole = true;
    this.#body.end();
  };

  readonly failed = (reason: string): void => {
    this.#failure ??= reason;
  };
}

function plain(status: number): Response {
  return new Response(status === 503 ? "no more requests can be taken now\n" : "the request failed\n", {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
