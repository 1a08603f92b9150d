import type { HttpFields, HttpRequestHead, HttpServices } from "../../shared/http-message.ts";
import type { HostContext } from "../capability.ts";
import type { IncomingExchange } from "./incoming-exchange.ts";

/** How much of a request's body is asked for at once, in bytes. */
const PART_BYTES = 65_536;

/** An exchange whose connection is on the thread that embeds Cordon. */
export function askedExchange(context: HostContext, head: HttpRequestHead): IncomingExchange {
  const ask = async <S extends keyof HttpServices>(
    service: S,
    payload: HttpServices[S]["payload"],
  ): Promise<HttpServices[S]["answer"]> => context.ask(service, payload) as Promise<HttpServices[S]["answer"]>;
  return {
    request: head,
    pullBody: async () => {
      const bytes = await ask("http-request-body", PART_BYTES);
      if (bytes.length > 0) return { kind: "bytes", bytes };
      return { kind: "end", trailers: await ask("http-request-trailers", undefined) };
    },
    // What is not asked for is not read.
    cancelBody: () => undefined,
    sendHead: async (given) => ask("http-response-head", given),
    sendBody: async (bytes) => ask("http-response-body", bytes),
    sendEnd: async (trailers: HttpFields) => ask("http-response-end", trailers),
    // The other side sees that the invocation ended and the answer did not.
    fail: () => undefined,
  };
}
