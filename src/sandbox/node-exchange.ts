import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpFields, HttpRequestHead, HttpResponseHead } from "../shared/http-message.ts";
import type { HttpExchange } from "./http-exchange.ts";

/** Header fields that belong to one connection (RFC 9110, section 7.6.1): a guest is not told of them. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
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

/** A request that Node's server received, as an exchange. The body is read only as it is asked for. */
export class NodeExchange implements HttpExchange {
  readonly head: HttpRequestHead;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #chunks: AsyncIterator<Buffer>;
  #left: Uint8Array = new Uint8Array();

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    // A guest that announces a length has to keep it, or the client could take the rest for another answer.
    response.strictContentLength = true;
    this.#chunks = request[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.head = {
      method: request.method ?? "GET",
      scheme: "http",
      authority: request.headers.host,
      pathWithQuery: request.url ?? "/",
      headers: fieldsOf(request.rawHeaders, listedIn(request.headers.connection)),
    };
  }

  /** Whether the head of the answer is on its way, so that no other can be sent. */
  get answered(): boolean {
    return this.#response.headersSent;
  }

  async read(maxBytes: number): Promise<Uint8Array> {
    while (this.#left.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return new Uint8Array();
      this.#left = next.value;
    }
    const part = this.#left.slice(0, maxBytes);
    this.#left = this.#left.subarray(maxBytes);
    return part;
  }

  async trailers(): Promise<HttpFields> {
    return Promise.resolve(fieldsOf(this.#request.rawTrailers, new Set()));
  }

  async inform({ status, headers }: HttpResponseHead): Promise<void> {
    // Node sends two of these; others carry nothing that a client may not do without.
    if (status === 100) this.#response.writeContinue();
    else if (status === 103)
      this.#response.writeEarlyHints(Object.fromEntries(texts(headers)) as Record<string, string>);
    return Promise.resolve();
  }

  async respond({ status, headers }: HttpResponseHead): Promise<void> {
    this.#response.writeHead(status, texts(headers).flat());
    return Promise.resolve();
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#response.write(chunk, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
    await promise;
  }

  async end(trailers: HttpFields): Promise<void> {
    if (trailers.length > 0) this.#response.addTrailers(texts(trailers));
    this.#response.end();
    return Promise.resolve();
  }

  /** Answers in the guest's place, when nothing was sent yet; else breaks the connection, so that nothing looks whole. */
  fail(status: number): void {
    if (this.#response.writableEnded) return;
    if (this.answered) {
      this.#response.destroy();
      return;
    }
    this.#response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    this.#response.end(`${REASONS[status] ?? "failed"}\n`);
  }
}

/** What a client is told, which is nothing of the guest. */
const REASONS: Readonly<Record<number, string>> = {
  400: "the request's target is not a path",
  502: "the component failed to answer",
  503: "no more requests can be taken now",
  504: "the component did not answer in time",
};

function listedIn(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? "").split(",").map((name) => name.trim().toLowerCase()));
}

function fieldsOf(raw: readonly string[], alsoLeftOut: ReadonlySet<string>): HttpFields {
  const fields: [string, Uint8Array][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    if (HOP_BY_HOP.has(name) || alsoLeftOut.has(name)) continue;
    fields.push([name, Uint8Array.from(Buffer.from(raw[index + 1] ?? "", "latin1"))]);
  }
  return fields;
}

/** What a guest sends, without what is about the connection, which is not its own. */
function texts(fields: HttpFields): [string, string][] {
  return fields
    .filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()))
    .map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
}
