import type { HostContext } from "../../../capability.ts";
import type { Target } from "../../../net/check.ts";
import { hostText } from "../../../net/host.ts";
import { DEFAULT_PORTS } from "../../../net/rule-match.ts";
import { cutResource } from "../../../text.ts";
import type { ByteQueue } from "../byte-queue.ts";
import { type ErrorCode, internalCode, plainCode } from "../error-code.ts";
import type { FieldMap } from "../fields/field-map.ts";
import { bodySizeCode } from "./outgoing-body.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import { type RequestOptions, timeoutMs } from "./request-options.ts";
import { methodName, parseAuthority, requestTarget } from "./request-rules.ts";

/** One request that may be sent as far as its form goes. */
export interface OutgoingPlan {
  readonly method: string;
  readonly target: Target;
  /** Path and query in origin form. */
  readonly path: string;
  /** Retained by whoever sends it. */
  readonly headers: FieldMap;
  /** `undefined` for a request whose body the guest never asked for. */
  readonly body: ByteQueue | undefined;
  /** In milliseconds. */
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly betweenBytesMs: number;
  /** For the record: the method and the URL. */
  readonly resource: string;
}

/** A plan, or why there is none. `resource` names it for the record as far as it could be read. */
export type PlanResult =
  | { readonly ok: true; readonly plan: OutgoingPlan }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string; readonly resource: string };

/** Whether a request is fit to be sent at all, whoever it is for. */
export function planRequest(
  { limits }: HostContext,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): PlanResult {
  const method = methodName(request.method) ?? "";
  const path = requestTarget(request.pathWithQuery);
  // The specification leaves the choice to the host.
  const scheme = request.scheme ?? { tag: "HTTPS" };
  const schemeName = scheme.tag === "other" ? scheme.val : scheme.tag.toLowerCase();
  const resource = cutResource(`${method} ${schemeName}://${request.authority ?? ""}${path}`);
  const refuse = (code: ErrorCode, reason: string): PlanResult => ({ ok: false, code, reason, resource });

  // It would make a server open a tunnel to wherever the guest likes.
  if (method === "" || method.toUpperCase() === "CONNECT") {
    return refuse(plainCode("HTTP-request-method-invalid"), "the method CONNECT is not supported");
  }
  if (scheme.tag === "other") return refuse(plainCode("HTTP-protocol-error"), "the scheme is not http or https");
  const authority = request.authority === undefined ? undefined : parseAuthority(request.authority);
  if (authority === undefined) return refuse(plainCode("HTTP-request-URI-invalid"), "the request has no authority");
  const length = request.headerMap.declaredLength();
  if (length.kind === "invalid")
    return refuse(plainCode("HTTP-protocol-error"), "the content-length is not one number");
  if (length.kind === "bytes" && length.bytes > limits.maxRequestBodyBytes) {
    const { maxRequestBodyBytes: most } = limits;
    return refuse(bodySizeCode("request", most), `the body is larger than the limit of ${most} bytes`);
  }
  if (length.kind === "bytes" && length.bytes > 0 && request.openedBody === undefined) {
    return refuse(bodySizeCode("request", 0), "the content-length is not that of the body");
  }
  const body = request.openedBody?.queue;
  if (body?.abandoned === true) return refuse(internalCode("the body is gone"), "the body is gone");

  const name = scheme.tag === "HTTP" ? "http" : "https";
  const target: Target = {
    scheme: name,
    host: hostText(authority.host),
    port: authority.port ?? DEFAULT_PORTS[name] ?? 0,
  };
  const most = limits.httpTimeoutMs;
  return {
    ok: true,
    plan: {
      method,
      target,
      path,
      headers: request.headerMap,
      body,
      connectMs: timeoutMs(options?.connectTimeout, most),
      firstByteMs: timeoutMs(options?.firstByteTimeout, most),
      betweenBytesMs: timeoutMs(options?.betweenBytesTimeout, most),
      resource,
    },
  };
}
