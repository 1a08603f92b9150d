import type { HostContext } from "../../../capability.ts";
import type { IncomingExchange } from "../../incoming-exchange.ts";
import type { ByteQueue } from "../byte-queue.ts";
import { type ErrorCode, plainCode } from "../error-code.ts";
import { bodySizeCode } from "./outgoing-body.ts";
import type { OutgoingResponse } from "./outgoing-response.ts";

/**
 * Hands a guest's response to the exchange, a part at a time. Settles when it is whole, or has failed, and then the exchange has
 * been told.
 */
export async function sendResponse(
  { signal }: HostContext,
  exchange: IncomingExchange,
  response: OutgoingResponse,
): Promise<void> {
  response.markSent();
  const queue = response.openedBody?.queue;
  const headers = response.headerMap;
  const length = headers.declaredLength();
  const head = { status: response.statusCode, headers: headers.entries() };
  response[Symbol.dispose]();
  try {
    if (length.kind === "invalid") return exchange.fail(plainCode("HTTP-protocol-error"));
    const isBodiless = exchange.request.method === "HEAD" || head.status === 304;
    if (queue === undefined && length.kind === "bytes" && length.bytes > 0 && !isBodiless) {
      return exchange.fail(bodySizeCode("response", 0));
    }
    const failure = await sendParts(signal, exchange, head, queue);
    if (failure !== undefined) exchange.fail(failure);
  } finally {
    queue?.abandon();
  }
}

async function sendParts(
  signal: AbortSignal,
  exchange: IncomingExchange,
  head: Parameters<IncomingExchange["sendHead"]>[0],
  queue: ByteQueue | undefined,
): Promise<ErrorCode | undefined> {
  // A body that has failed before anything was sent is an error that the client can still get.
  const early = failureOf(queue);
  if (early !== undefined) return early;
  await exchange.sendHead(head);
  if (queue === undefined) {
    await exchange.sendEnd([]);
    return undefined;
  }
  for (;;) {
    const bytes = queue.take(queue.size);
    if (bytes.length > 0) {
      // What is sent to another thread is sent with all of its buffer.
      await exchange.sendBody(bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice());
    } else if (queue.ending?.kind === "end") {
      await exchange.sendEnd(queue.ending.trailers?.entries() ?? []);
      return undefined;
    } else if (queue.ending !== undefined) {
      return failureOf(queue);
    } else if (signal.aborted) {
      return plainCode("connection-terminated");
    } else {
      await queue.changed.wait(signal);
    }
  }
}

function failureOf(queue: ByteQueue | undefined): ErrorCode | undefined {
  return queue?.ending?.kind === "failed" ? queue.ending.code : undefined;
}
