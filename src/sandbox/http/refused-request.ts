import type { IncomingMessage } from "node:http";
import type { Limits } from "../../shared/limits/limits.ts";
import { requestTarget } from "./request-target.ts";

/** The most header fields a guest is given. Node refuses about as many by itself, and says nowhere how many. */
const MAX_FIELDS = 1_024;

/** The status for a request that no guest is to see, if it is one: its parser has taken it, and more can be wrong. */
export function refusalOf(
  request: Pick<IncomingMessage, "rawHeaders" | "headers" | "url" | "method">,
  limits: Limits,
): number | undefined {
  const { rawHeaders, headers } = request;
  if (rawHeaders.length > 2 * MAX_FIELDS) return 431;
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1 || requestTarget(request.method, request.url, headers.host) === undefined) return 400;
  return Number(headers["content-length"] ?? 0) > limits.maxRequestBodyBytes ? 413 : undefined;
}
