import type { HostContext } from "../../../capability.ts";
import type { IncomingExchange } from "../../incoming-exchange.ts";
import type { ByteQueue } from "../byte-queue.ts";
import { plainCode } from "../error-code.ts";
import { FieldMap } from "../fields/field-map.ts";
import type { IncomingSource } from "./incoming-body.ts";
import { bodyQueue, observeBodyLimit } from "../outgoing/outgoing-body.ts";

/** The body of a request, pulled from the exchange as far as there is room for it, and from when the guest first asks. */
export function incomingBodySource(context: HostContext, exchange: IncomingExchange): IncomingSource {
  const queue = bodyQueue(context, "request");
  let pulling = false;
  const pull = (): void => {
    if (pulling || queue.ending !== undefined || queue.abandoned || queue.room === 0) return;
    pulling = true;
    void pullOne(context, exchange, queue).then(() => {
      pulling = false;
      pull();
    });
  };
  let cancelled = false;
  const cancel = (): void => {
    if (cancelled) return;
    cancelled = true;
    const isOver = queue.ending !== undefined;
    queue.abandon();
    if (!isOver) exchange.cancelBody();
  };
  return { queue, onRoom: pull, cancel };
}

async function pullOne(context: HostContext, exchange: IncomingExchange, queue: ByteQueue): Promise<void> {
  try {
    const part = await exchange.pullBody();
    if (part.kind === "failed") {
      queue.finish(part);
    } else if (part.kind === "bytes") {
      queue.push(part.bytes);
      if (queue.ending === undefined) return;
      observeBodyLimit(context, "request");
      exchange.cancelBody();
    } else {
      const trailers = part.trailers.length === 0 ? undefined : FieldMap.received(context, part.trailers);
      const tooLarge = part.trailers.length > 0 && trailers === undefined;
      const code = { tag: "HTTP-request-trailer-section-size", val: undefined } as const;
      queue.finish(tooLarge ? { kind: "failed", code } : { kind: "end", trailers });
    }
  } catch {
    // The server's side has gone.
    queue.finish({ kind: "failed", code: plainCode("connection-terminated") });
  }
}
