import { isUtf8 } from "node:buffer";
import type { Dispatcher } from "undici";
import type { HostContext } from "../capability.ts";
import type { ByteMeter } from "../metering/byte-meter.ts";
import { takeAll } from "../metering/take-all.ts";
import { targetOf } from "./check.ts";
import { pinnedConnector } from "./connect.ts";
import { contentTypeOf } from "./content-type.ts";
import { transportReason } from "./failure.ts";
import type { HttpRequest } from "./redirect.ts";
import { secretFields } from "./secret-fields.ts";

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
  /** The bodies, and the head of the response, are charged to its meters. */
  readonly context: HostContext;
  /** Ends the exchange. */
  readonly signal: AbortSignal;
}

/**
 * Sends one request over a connection of its own and reads the response. Redirects are returned, not followed. No proxy is
 * used, no connection reused, no cookie kept, and nothing but the headers here and the secrets for this host is sent. The body is charged before it is sent, the
 * response as it comes; where a rate is used up, it waits. Never rejects.
 */
export async function sendRequest(request: HttpRequest, options: SendOptions): Promise<Sent> {
  try {
    return await send(request, options);
  } catch (error) {
    return { kind: "failed", reason: transportReason(error) };
  }
}

async function send(request: HttpRequest, { addresses, context, signal }: SendOptions): Promise<Sent> {
  const { limits, meters } = context;
  const bodyBytes = Buffer.byteLength(request.body ?? "");
  // Nothing of a body is charged that would not be sent.
  if (bodyBytes > meters.write.left || !(await takeAll(meters.write, bodyBytes, signal))) {
    return { kind: "failed", reason: overTotal("written", meters.write) };
  }
  // Loading undici takes some 50 ms, which guests without network access need not wait for.
  const { Client, buildConnector } = await import("undici");
  const client = new Client(request.url.origin, {
    connect: pinnedConnector(buildConnector, addresses, limits.httpTimeoutMs, limits.maxHeaderBytes),
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
      headers: { ...headersOf(request), ...secretsFor(request, context) },
      body: request.body ?? null,
      signal,
    });
    // The connection is torn down below, which a body that was not read to its end reports as an error of its own.
    response.body.on("error", () => undefined);
    return await readResponse(response, { maxBytes: limits.maxResponseBodyBytes, meter: meters.read, signal });
  } finally {
    await client.destroy();
  }
}

function headersOf({ body }: HttpRequest): Record<string, string> {
  const headers = { accept: "*/*", "accept-encoding": "identity", "user-agent": "cordon" };
  return body === undefined ? headers : { ...headers, "content-type": contentTypeOf(body) };
}

function secretsFor({ method, url }: HttpRequest, { grants }: HostContext): Record<string, string> {
  const target = targetOf(url);
  return target === undefined ? {} : Object.fromEntries(secretFields(grants.secrets, target, method));
}

interface ReadOptions {
  readonly maxBytes: number;
  readonly meter: ByteMeter;
  readonly signal: AbortSignal;
}

async function readResponse(
  response: Dispatcher.ResponseData,
  { maxBytes, meter, signal }: ReadOptions,
): Promise<Sent> {
  const { statusCode: status, headers, body } = response;
  const overRead = { kind: "failed", reason: overTotal("read", meter) } as const;
  // What has come over the rate is made up for by what is read next.
  if (!meter.charge(headBytes(headers))) return overRead;
  const location = headers["location"];
  if (Array.isArray(location)) return { kind: "failed", reason: "the server answered with several locations" };
  if (status < 200 || status > 299) return { kind: "response", status, location, text: "" };

  // Decoding is where a small body becomes a huge one; nothing but identity was asked for.
  const encoding = headers["content-encoding"] ?? "identity";
  if (Array.isArray(encoding) || encoding.trim().toLowerCase() !== "identity") {
    return { kind: "failed", reason: "the server sent an encoding that was not asked for" };
  }
  const tooLarge = { kind: "failed", reason: `the response is larger than the limit of ${maxBytes} bytes` } as const;
  const announced = Number(headers["content-length"]);
  if (announced > maxBytes) return tooLarge;
  if (announced > meter.left) return overRead;
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > maxBytes) return tooLarge;
    // The next chunk is not asked for before this one is charged.
    if (!(await takeAll(meter, chunk.length, signal))) return overRead;
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks, total);
  if (!isUtf8(bytes)) return { kind: "failed", reason: "the response is not valid UTF-8 text" };
  return { kind: "response", status, location, text: bytes.toString("utf8") };
}

/** The names and values of a response's headers, in bytes. */
function headBytes(headers: Dispatcher.ResponseData["headers"]): number {
  let bytes = 0;
  for (const [name, values] of Object.entries(headers)) {
    for (const value of [values ?? []].flat()) bytes += name.length + value.length;
  }
  return bytes;
}

function overTotal(moved: "read" | "written", { total }: ByteMeter): string {
  return `the invocation would have ${moved} more than the ${total} bytes it may in all`;
}
