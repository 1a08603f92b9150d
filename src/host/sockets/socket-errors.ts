import type { HostResult } from "../capability.ts";

/** `wasi:sockets/network.error-code`. */
export type ErrorCode =
  | "unknown"
  | "access-denied"
  | "not-supported"
  | "invalid-argument"
  | "out-of-memory"
  | "timeout"
  | "concurrency-conflict"
  | "not-in-progress"
  | "would-block"
  | "invalid-state"
  | "new-socket-limit"
  | "address-not-bindable"
  | "address-in-use"
  | "remote-unreachable"
  | "connection-refused"
  | "connection-reset"
  | "connection-aborted"
  | "datagram-too-large"
  | "name-unresolvable"
  | "temporary-resolver-failure"
  | "permanent-resolver-failure";

export type SocketResult<T> = HostResult<T, ErrorCode>;

/** A result of a socket function that went well. */
export function succeed<T>(val: T): SocketResult<T> {
  return { tag: "ok", val };
}

/** An error code for the guest. */
export function fail(code: ErrorCode): SocketResult<never> {
  return { tag: "err", val: code };
}

/** What the operating system's errors are in WASI. One that is not listed is `unknown`. */
const OF_SYSTEM: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ["EACCES", "access-denied"],
  ["EPERM", "access-denied"],
  ["EINVAL", "invalid-argument"],
  ["EAFNOSUPPORT", "not-supported"],
  ["ENOMEM", "out-of-memory"],
  ["ENOBUFS", "out-of-memory"],
  ["ETIMEDOUT", "timeout"],
  ["EMFILE", "new-socket-limit"],
  ["ENFILE", "new-socket-limit"],
  ["EADDRNOTAVAIL", "address-not-bindable"],
  ["EADDRINUSE", "address-in-use"],
  ["EHOSTUNREACH", "remote-unreachable"],
  ["EHOSTDOWN", "remote-unreachable"],
  ["ENETUNREACH", "remote-unreachable"],
  ["ENETDOWN", "remote-unreachable"],
  ["ENONET", "remote-unreachable"],
  ["ECONNREFUSED", "connection-refused"],
  ["ECONNRESET", "connection-reset"],
  ["EPIPE", "connection-reset"],
  ["ECONNABORTED", "connection-aborted"],
  ["EMSGSIZE", "datagram-too-large"],
]);

/** What a failed lookup is in WASI. */
const OF_RESOLVER: ReadonlyMap<string, ErrorCode> = new Map<string, ErrorCode>([
  ["ENOTFOUND", "name-unresolvable"],
  ["ENODATA", "name-unresolvable"],
  ["EAI_NONAME", "name-unresolvable"],
  ["EAI_NODATA", "name-unresolvable"],
  ["EAI_ADDRFAMILY", "name-unresolvable"],
  ["EAI_AGAIN", "temporary-resolver-failure"],
  ["ETIMEOUT", "temporary-resolver-failure"],
  ["EAI_MEMORY", "out-of-memory"],
]);

/** The name of a system error, such as `ECONNREFUSED`; `undefined` for anything else that was thrown. */
export function systemCode(thrown: unknown): string | undefined {
  const code = (thrown as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** The error code of what a socket of Node's threw or emitted. */
export function errorCodeOf(thrown: unknown): ErrorCode {
  return OF_SYSTEM.get(systemCode(thrown) ?? "") ?? "unknown";
}

/** The same while a connection is made, where an address of one's own that is not available means that no port was free. */
export function connectErrorOf(thrown: unknown): ErrorCode {
  return systemCode(thrown) === "EADDRNOTAVAIL" ? "address-in-use" : errorCodeOf(thrown);
}

/** The error code of a failed lookup. */
export function resolverErrorOf(thrown: unknown): ErrorCode {
  return OF_RESOLVER.get(systemCode(thrown) ?? "") ?? "permanent-resolver-failure";
}
