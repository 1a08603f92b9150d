import type { HostContext, HostInterface, HostResult } from "../capability.ts";
import { grantsHttp } from "../net/check.ts";
import { err } from "../text.ts";
import type { HttpMethod } from "./redirect.ts";
import { rawUrlResource } from "./url.ts";

/** `sandbox:skill/network`: HTTP requests to the hosts that are granted. */
export const network: HostInterface = Object.freeze({
  name: "sandbox:skill/network",
  functions: Object.freeze([
    Object.freeze({
      name: "http-get",
      type: "func(url: string) -> result<string, string>",
      blocking: true,
      call: (context: HostContext, url: string): Promise<HostResult<string>> => guarded(context, "GET", url),
    }),
    Object.freeze({
      name: "http-post",
      type: "func(url: string, body: string) -> result<string, string>",
      blocking: true,
      takesMuch: true,
      call: (context: HostContext, url: string, body: string): Promise<HostResult<string>> =>
        guarded(context, "POST", url, body),
    }),
  ]),
});

async function guarded(
  context: HostContext,
  method: HttpMethod,
  url: string,
  body?: string,
): Promise<HostResult<string>> {
  if (grantsHttp(context.grants.network)) {
    // Node's own HTTP takes 35 ms to load, which guests without network access need not wait for.
    const { httpExchange } = await import("./request.ts");
    return httpExchange(context, method, url, body);
  }
  context.observe({
    eventType: "NetworkAccess",
    action: `network.http-${method.toLowerCase()}`,
    resource: rawUrlResource(url),
    result: "Denied",
    reason: "network is not granted",
    remedies: [{ setting: "grants.network.hosts", value: "HOST" }],
  });
  return err("Permission denied: network capability not granted");
}
