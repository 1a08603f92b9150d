import { parseHttpUrl } from "./url.ts";

/** The methods that guests can use. */
export type HttpMethod = "GET" | "POST";

/** One request of an exchange. */
export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  /** Set for POST. */
  readonly body?: string;
}

/** Where a response sends the client; `final` when it does not. */
export type Redirect =
  | { readonly kind: "final" }
  | { readonly kind: "follow"; readonly request: HttpRequest }
  | { readonly kind: "refused"; readonly reason: string };

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * What follows a response, as the Fetch Standard's HTTP-redirect fetch says: 301, 302 and 303 turn a POST into a GET without a
 * body, 307 and 308 repeat it. A body is never repeated to another origin.
 */
export function redirectOf(request: HttpRequest, status: number, location: string | undefined): Redirect {
  if (!REDIRECTS.has(status) || location === undefined) return { kind: "final" };
  const target = parseHttpUrl(location, request.url);
  if (!target.ok) return { kind: "refused", reason: `it was redirected, and ${target.problem}` };
  const { url } = target;
  if (request.method === "GET" || status <= 303) return { kind: "follow", request: { method: "GET", url } };
  if (url.origin !== request.url.origin) {
    return { kind: "refused", reason: "it was redirected to another origin, which the body is not sent to" };
  }
  return { kind: "follow", request: { ...request, url } };
}
