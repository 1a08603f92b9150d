import { isUtf8 } from "node:buffer";
import type { Dispatcher } from "undici";
import type { Limits } from "../../shared/limits.ts";
import { pinnedConnector } from "./connect.ts";
import { contentTypeOf } from "./content-type.ts";
import { transportReason } from "./failure.ts";
import type { HttpRequest } from "./redirect.ts";

/** The largest head of a response, and the largest set of trailers, in bytes. */
const MAX_HEADER_BYTES = 16 * 1024;

/** What came back of one request. `text` is the body of a 2xx response, and empty for every other. */
export type Sent =
  | { readonly kind: "response"; readonly status: number; readonly location: string | undefined; readonly text: string }
  /** `reason` is one line, made of our words alone. */
  | { readonly kind: "failed"; readonly reason: string };

/** Where and under which bounds one request is sent. */
export interface SendOptions {
  /** The addresses that were checked for the URL's host. */
  readonly addresses: readonly string[];
  readonly limits: Limits;
  readonly signal: AbortSignal;
}

/**
 * Sends one request over a connection of its own and reads the response. Redirects are returned, not followed. No proxy is
 * used, no connection reused, no cookie kept, and nothing but the headers here is sent. Never rejects.
 */
export async function sendRequest(request: HttpRequest, options: SendOptions): Promise<Sent> {
  try {
    return await send(request, options);
  } catch (error) {
    return { kind: "failed", reason: transportReason(error) };
  }
}

async function send(request: HttpRequest, { addresses, limits, signal }: SendOptions): Promise<Sent> {
  // Loading undici takes 60 ms, which guests without network access need not wait for.
  const { Client, buildConnector } = await import("undici");
  const client = new Client(request.url.origin, {
    connect: pinnedConnector(buildConnector, addresses, limits.httpTimeoutMs),
    allowH2: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The signal covers the whole exchange.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    const response = await client.request({
      method: request.method,
      path: `${request.url.pathname}${request.url.search}`,
      headers: headersOf(request),
      body: request.body ?? null,
      signal,
    });
    // The connection is torn down below, which a body that was not read to its end reports as an error of its own.
    response.body.on("error", () => undefined);
    return await readResponse(response, limits.maxResponseBodyBytes);
  } finally {
    await client.destroy();
  }
}

function headersOf({ body }: HttpRequest): Record<string, string> {
  const headers = { accept: "*/*", "accept-encoding": "identity", "user-agent": "cordon" };
  return body === undefined ? headers : { ...headers, "content-type": contentTypeOf(body) };
}

async function readResponse(response: Dispatcher.ResponseData, maxBytes: number): Promise<Sent> {
  const { statusCode: status, headers, body } = response;
  const location = headers["location"];
  if (Array.isArray(location)) return { kind: "failed", reason: "the server answered with several locations" };
  if (status < 200 || status > 299) return { kind: "response", status, location, text: "" };

  // Decoding is where a small body becomes a huge one; nothing but identity was asked for.
  const encoding = headers["content-encoding"] ?? "identity";
  if (Array.isArray(encoding) || encoding.trim().toLowerCase() !== "identity") {
    return { kind: "failed", reason: "the server sent an encoding that was not asked for" };
  }
  const tooLarge = { kind: "failed", reason: `the response is larger than the limit of ${maxBytes} bytes` } as const;
  if (Number(headers["content-length"]) > maxBytes) return tooLarge;
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBytes) return tooLarge;
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks, total);
  if (!isUtf8(bytes)) return { kind: "failed", reason: "the response is not valid UTF-8 text" };
  return { kind: "response", status, location, text: bytes.toString("utf8") };
}
