import { type ErrorCode, HttpFailure, plainCode, type PlainErrorTag } from "./error-code.ts";

/** What was under way when the transport failed. */
export type ExchangePhase = "resolving" | "connecting" | "awaiting-head" | "body";

const CODES: Readonly<Record<string, PlainErrorTag>> = {
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-terminated",
  ECONNABORTED: "connection-terminated",
  EPIPE: "connection-terminated",
  EHOSTUNREACH: "destination-unavailable",
  EHOSTDOWN: "destination-unavailable",
  ENETDOWN: "destination-unavailable",
  ENETUNREACH: "destination-IP-unroutable",
  EADDRNOTAVAIL: "destination-IP-unroutable",
  ETIMEDOUT: "connection-timeout",
  EPROTO: "TLS-protocol-error",
  UND_ERR_CONNECT_TIMEOUT: "connection-timeout",
  UND_ERR_HEADERS_TIMEOUT: "HTTP-response-timeout",
  UND_ERR_BODY_TIMEOUT: "connection-read-timeout",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "HTTP-response-incomplete",
};

/** Codes of Node's certificate verification (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE_CODE =
  /^(?:ERR_TLS_CERT_\w+|CERT_\w+|CRL_\w+|UNABLE_TO_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)$/u;

/** The code for what undici or Node's sockets failed with. Never carries text that a server chose. */
export function transportErrorCode(error: unknown, phase: ExchangePhase): ErrorCode {
  if (error instanceof HttpFailure) return error.code;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    const tag = phase === "body" ? "HTTP-response-trailer-section-size" : "HTTP-response-header-section-size";
    return { tag, val: undefined };
  }
  // The server closed the connection: before it answered, or in the middle of its answer.
  if (code === "UND_ERR_SOCKET" || CODES[code] === "connection-terminated") {
    return plainCode(phase === "connecting" ? "connection-terminated" : "HTTP-response-incomplete");
  }
  const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  if (known !== undefined) return plainCode(known);
  if (CERTIFICATE_CODE.test(code)) return plainCode("TLS-certificate-error");
  const alert = /^ERR_SSL_[\w/]*ALERT_(\w+)$/u.exec(code)?.[1];
  if (alert !== undefined) {
    const number = /SSL alert number ([0-9]{1,3})\b/u.exec(error instanceof Error ? error.message : "")?.[1];
    const alertId = number === undefined || Number(number) > 255 ? undefined : Number(number);
    return { tag: "TLS-alert-received", val: { alertId, alertMessage: alert.toLowerCase().replaceAll("_", " ") } };
  }
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return plainCode("TLS-protocol-error");
  // undici's parser does not always give a code.
  if (code.startsWith("HPE_") || (error instanceof Error && error.name === "HTTPParserError")) {
    return plainCode("HTTP-protocol-error");
  }
  return { tag: "internal-error", val: undefined };
}
