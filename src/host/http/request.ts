import type { Remedy } from "../../shared/text/remedy.ts";
import { STATUS_CODES } from "node:http";
import type { AuditResult } from "../../audit/event.ts";
import type { HostContext, HostResult } from "../capability.ts";
import { err, ok, quote } from "../text.ts";
import { namesHost, type Target } from "../net/check.ts";
import { checkedAddresses, type Resolver, systemResolver } from "../net/resolve.ts";
import { underPolicy } from "../under-policy.ts";
import { HopUnderWay } from "./hop-under-way.ts";
import { checkUrl, targetOf } from "./check.ts";
import type { HttpMethod, HttpRequest } from "./redirect.ts";
import { redirectOf } from "./redirect.ts";
import { sendRequest } from "./send.ts";
import type { Use } from "../../shared/use.ts";
import { reportUses } from "../uses.ts";
import { observeLimit } from "./wasi/limit-event.ts";
import { parseHttpUrl, rawUrlResource, urlResource } from "./url.ts";

const MAX_REDIRECTS = 5;

const NOT_GRANTED = "Permission denied: network is not granted for this host";
/** For a host that the grant does not name itself, one answer for both, so that a guest cannot list the names of an internal network. */
const NOT_GRANTED_OR_UNRESOLVED = `${NOT_GRANTED}, or its name does not resolve`;

/** How one request of an exchange ended. */
type Hop =
  | { readonly result: "Allowed"; readonly next: HttpRequest }
  | { readonly result: "Allowed"; readonly text: string }
  /** `guest` is what the guest is told, `reason` what the operator reads. */
  | {
      readonly result: "Denied" | "Error";
      readonly reason: string;
      readonly remedies?: readonly Remedy[] | undefined;
      readonly guest: string;
    };

/**
 * One HTTP exchange for a guest: the body of a 2xx response as text, or an `err`. Follows up to five redirects. Every request,
 * the redirected ones included, is checked by its URL, then by the addresses its host resolves to, and is recorded as an event
 * of its own. `limits` bound the time of the whole exchange and the size of both bodies, which the meters of the invocation are charged for; each request
 * counts as a connection while it is made. Never rejects.
 */
export async function httpExchange(
  context: HostContext,
  method: HttpMethod,
  url: string,
  body?: string,
  resolve: Resolver = systemResolver,
): Promise<HostResult<string>> {
  const record = (resource: string, result: AuditResult, reason?: string, remedies?: readonly Remedy[]): void =>
    context.observe({
      eventType: "NetworkAccess",
      action: `network.http-${method.toLowerCase()}`,
      resource,
      result,
      ...(reason === undefined ? {} : { reason }),
      ...(remedies === undefined ? {} : { remedies }),
    });

  const target = parseHttpUrl(url);
  if (!target.ok) {
    record(rawUrlResource(url), "Denied", target.problem);
    return err(`Cannot ${method} ${quote(rawUrlResource(url))}: ${target.problem}`);
  }
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), context.limits.httpTimeoutMs);
  const underWay = new HopUnderWay();
  const signal = AbortSignal.any([context.signal, deadline.signal, underWay.revoked]);
  const forget = underPolicy(context, {
    eventType: "NetworkAccess",
    action: `network.http-${method.toLowerCase()}`,
    resource: urlResource(target.url),
    recheck: () => underWay.problem(context.grants.network),
    revoke: () => underWay.revoke(),
  });
  try {
    let request: HttpRequest = { method, url: target.url, ...(body === undefined ? {} : { body }) };
    for (let hops = 0; ; hops++) {
      const resource = urlResource(request.url);
      const hop = await runHop(context, request, hops, signal, resolve, underWay);
      if (underWay.revoked.aborted) return err(NOT_GRANTED);
      if (hop.result !== "Allowed") {
        record(resource, hop.result, hop.reason, hop.remedies);
        return err(hop.guest);
      }
      record(resource, "Allowed");
      if ("text" in hop) return ok(hop.text);
      request = hop.next;
    }
  } finally {
    clearTimeout(timer);
    forget();
  }
}

async function runHop(
  context: HostContext,
  request: HttpRequest,
  hops: number,
  signal: AbortSignal,
  resolve: Resolver,
  underWay: HopUnderWay,
): Promise<Hop> {
  const { limits } = context;
  const fail = (reason: string, guest?: string): Hop => ({
    result: "Error",
    reason,
    guest: guest ?? `Cannot ${request.method} ${quote(urlResource(request.url))}: ${reason}`,
  });

  const decision = checkUrl(context.grants.network, request.url);
  if (!decision.allowed) {
    return { result: "Denied", reason: decision.reason, remedies: decision.remedies, guest: NOT_GRANTED };
  }
  const target = targetOf(request.url);
  const label = {
    eventType: "NetworkAccess",
    action: `network.http-${request.method.toLowerCase()}`,
    resource: urlResource(request.url),
  } as const;
  if (target !== undefined) reportUses(context, label, [useOf(target)]);
  if (target === undefined) return fail("the scheme of the URL is not http or https");
  if (hops > MAX_REDIRECTS) return fail(`more than ${MAX_REDIRECTS} redirects`);
  if (request.body !== undefined && isLarger(request.body, limits.maxRequestBodyBytes)) {
    return fail(`the body is larger than the limit of ${limits.maxRequestBodyBytes} bytes`);
  }
  const ended = (): string =>
    context.signal.aborted ? "the invocation has ended" : `no complete answer within ${limits.httpTimeoutMs} ms`;

  if (!takeConnection(context, request)) return fail(tooManyConnections(context));
  underWay.begin(target);
  const lookup = checkedAddresses(() => context.grants.network, target, resolve);
  // A lookup cannot be stopped, so it counts as a connection until it is over, whoever still waits for it.
  const release = (): void => context.meters.connections.release();
  lookup.then(release, release);
  const candidates = await unlessAborted(lookup, signal);
  if (candidates === "aborted") return fail(ended());
  const isNamed = namesHost(context.grants.network, target.host);
  if (candidates.kind === "denied") {
    const guest = isNamed ? NOT_GRANTED : NOT_GRANTED_OR_UNRESOLVED;
    return { result: "Denied", reason: candidates.reason, remedies: candidates.remedies, guest };
  }
  if (candidates.kind === "unresolved") {
    return fail("the host name could not be resolved", isNamed ? undefined : NOT_GRANTED_OR_UNRESOLVED);
  }
  underWay.addresses = candidates.addresses;
  reportUses(
    context,
    label,
    candidates.addresses.map((address) => useOf(target, address)),
  );
  if (!takeConnection(context, request)) return fail(tooManyConnections(context));
  const sent = await sendRequest(request, { addresses: candidates.addresses, context, signal }).finally(release);
  if (sent.kind === "failed") return fail(signal.aborted ? ended() : sent.reason);
  if (sent.status >= 200 && sent.status <= 299) return { result: "Allowed", text: sent.text };
  const redirect = redirectOf(request, sent.status, sent.location);
  if (redirect.kind === "refused") return fail(redirect.reason);
  if (redirect.kind === "follow") return { result: "Allowed", next: redirect.request };
  const status = `HTTP ${sent.status} ${STATUS_CODES[sent.status] ?? ""}`.trimEnd();
  return { result: "Error", reason: status, guest: status };
}

function useOf(target: Target, address?: string): Use {
  return { kind: "http", ...target, ...(address === undefined ? {} : { address }) };
}

/** Counts one connection more, or records that there are too many. */
function takeConnection(context: HostContext, { url }: HttpRequest): boolean {
  const isTaken = context.meters.connections.take();
  if (!isTaken) observeLimit(context, urlResource(url), tooManyConnections(context));
  return isTaken;
}

function tooManyConnections({ meters }: HostContext): string {
  return `${meters.connections.cap} connections are open, which is the limit`;
}

function isLarger(text: string, maxBytes: number): boolean {
  return text.length > maxBytes || Buffer.byteLength(text) > maxBytes;
}

/** The work's result, or `"aborted"` as soon as the signal is; a lookup in the operating system cannot be stopped. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | "aborted"> {
  const aborted = Promise.withResolvers<"aborted">();
  const onAbort = (): void => aborted.resolve("aborted");
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
