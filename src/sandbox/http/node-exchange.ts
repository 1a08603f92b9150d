import type { IncomingMessage, ServerResponse } from "node:http";
import type {
  HttpBodyPart,
  HttpFields,
  HttpRequestHead,
  HttpResponseHead,
  HttpResponsePart,
} from "../../shared/http-message.ts";
import { requestTarget } from "./request-target.ts";
import type { HttpExchange } from "./http-exchange.ts";

/** Header fields that belong to one connection (RFC 9110, section 7.6.1): a guest is not told of them, and sets none. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** How long what is left of a request's body is read and dropped after its answer, in milliseconds. */
const LINGER_MS = 1_000;

/** What a client is told, which is nothing of the guest. */
const REASONS: Readonly<Record<number, string>> = {
  400: "the request is not well-formed",
  413: "the request's body is too large",
  431: "the request has too many header fields",
  502: "the component failed to answer",
  503: "no more requests can be taken now",
  504: "the component did not answer in time",
};

export interface NodeExchangeOptions {
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

/** A request that Node's server received, as an exchange. The body is read only as it is asked for. */
export class NodeExchange implements HttpExchange {
  readonly head: HttpRequestHead;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #expectsContinue: boolean;
  #left: Uint8Array = new Uint8Array();
  #failure: string | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, { expectsContinue }: NodeExchangeOptions) {
    this.#request = request;
    this.#response = response;
    this.#expectsContinue = expectsContinue;
    // A guest that announces a length has to keep it, or the client could take the rest for another answer.
    response.strictContentLength = true;
    response.once("finish", () => linger(request));
    const { "content-length": length, "transfer-encoding": coding, host } = request.headers;
    const target = requestTarget(request.method, request.url, host);
    this.head = {
      method: request.method ?? "GET",
      scheme: "http",
      // One that has no target is refused, and no guest sees it.
      authority: target?.authority,
      pathWithQuery: target?.pathWithQuery ?? request.url ?? "/",
      headers: fieldsOf(request.rawHeaders, listedIn(request.headers.connection)),
      hasBody: coding !== undefined || Number(length ?? 0) > 0,
    };
  }

  /** Whether the answer has been handed to the connection as a whole. */
  get whole(): boolean {
    return this.#response.writableEnded;
  }

  /** Why the guest gave no whole answer, as far as it said so. */
  get failure(): string | undefined {
    return this.#failure;
  }

  async read(maxBytes: number): Promise<HttpBodyPart> {
    this.#continue();
    if (this.#left.length === 0) this.#left = await nextOf(this.#request);
    // A copy: what goes to another thread goes with all of its buffer, and the socket's is larger.
    const bytes = new Uint8Array(this.#left.subarray(0, maxBytes));
    this.#left = this.#left.subarray(bytes.length);
    const isLast = this.#left.length === 0 && this.#request.complete && this.#request.readableLength === 0;
    if (!isLast) return { bytes, trailers: undefined };
    // The stream ends when it is read to its end.
    this.#request.read();
    return { bytes, trailers: fieldsOf(this.#request.rawTrailers, new Set()) };
  }

  async send({ head, body, trailers }: HttpResponsePart): Promise<void> {
    const response = this.#response;
    if (response.writableEnded) throw new Error("the answer is whole already");
    if (head !== undefined) {
      // The guest may want the body after it began to answer, and then it is too late to say so.
      if (trailers === undefined) this.#continue();
      const wholeBytes = trailers?.length === 0 ? (body?.length ?? 0) : undefined;
      response.writeHead(head.status, this.#headersOf(head, wholeBytes));
    }
    if (trailers === undefined) {
      await (body === undefined ? this.#flushHead() : this.#written(body));
      return;
    }
    const own = textsOf(trailers).filter(([name]) => name.toLowerCase() !== "content-length");
    if (own.length > 0) response.addTrailers(own);
    response.end(body);
  }

  failed(reason: string): void {
    this.#failure ??= reason;
  }

  /** Ends the connection after this answer, unless that says otherwise already. */
  closeAfter(): void {
    this.#response.shouldKeepAlive = false;
  }

  /**
   * Answers in the guest's place, when nothing was sent yet; else breaks the connection, so that nothing looks whole.
   *
   * @param retryAfterMs In how many milliseconds the client may ask again, where that is known.
   */
  fail(status: number, retryAfterMs?: number): void {
    const response = this.#response;
    if (response.writableEnded || response.destroyed) return;
    if (response.headersSent) {
      this.#cut();
      return;
    }
    const text = `${REASONS[status] ?? "failed"}\n`;
    if (retryAfterMs !== undefined) response.setHeader("retry-after", Math.max(1, Math.ceil(retryAfterMs / 1000)));
    response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "content-length": text.length });
    response.end(text);
  }

  /** Node ends the connection of a client that was not told so: it may leave its body out, or not. */
  #continue(): void {
    if (this.#expectsContinue && !this.#response.headersSent) this.#response.writeContinue();
    this.#expectsContinue = false;
  }

  #cut(): void {
    // For HTTP/1.0 the end of the connection is the end of the body, unless it is reset.
    if (this.#request.httpVersion === "1.0") this.#request.socket.resetAndDestroy();
    else this.#response.destroy();
  }

  /** @param wholeBytes The length of the body, in bytes, when it is known. */
  #headersOf({ status, headers }: HttpResponseHead, wholeBytes: number | undefined): string[] {
    const own = textsOf(headers);
    const isBodiless = status === 204 || status === 304 || this.#request.method === "HEAD";
    const announces = own.some(([name]) => name.toLowerCase() === "content-length");
    if (wholeBytes !== undefined && !announces && !isBodiless) own.push(["content-length", String(wholeBytes)]);
    // RFC 9110, section 8.6: a 204 has none.
    return own.filter(([name]) => status !== 204 || name.toLowerCase() !== "content-length").flat();
  }

  #flushHead(): Promise<void> {
    this.#response.flushHeaders();
    return Promise.resolve();
  }

  #written(chunk: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#response.write(chunk, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
    return promise;
  }
}

/** What has come of a body; waits until something has. Empty at the end. */
async function nextOf(request: IncomingMessage): Promise<Uint8Array> {
  for (;;) {
    const chunk = request.read() as Buffer | null;
    if (chunk !== null) return chunk;
    if (request.readableEnded || (request.complete && request.readableLength === 0)) return new Uint8Array();
    if (request.destroyed) throw new Error("the client is gone");
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const name of ["readable", "end", "close"]) request.once(name, resolve);
    await promise;
    for (const name of ["readable", "end", "close"]) request.off(name, resolve);
  }
}

/**
 * Reads what is left of a body after the answer, for a client that writes before it reads; one that goes on for too long is cut
 * off. Without that the connection could serve nothing else, and with no end be kept open for ever.
 */
function linger(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  request.once("close", () => clearTimeout(timer));
}

function listedIn(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? "").split(",").map((name) => name.trim().toLowerCase()));
}

function fieldsOf(raw: readonly string[], alsoLeftOut: ReadonlySet<string>): HttpFields {
  const fields: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    if (!HOP_BY_HOP.has(name) && !alsoLeftOut.has(name)) fields.push([name, raw[index + 1] ?? ""]);
  }
  return fields;
}

/** What a guest sends, without what is about the connection, which is not its own. */
function textsOf(fields: HttpFields): [string, string][] {
  return fields.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase())).map(([name, value]) => [name, value]);
}
