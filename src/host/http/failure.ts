const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed early",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  EPIPE: "the connection was closed early",
  ETIMEDOUT: "connecting took too long",
  UND_ERR_CONNECT_TIMEOUT: "connecting took too long",
  UND_ERR_HEADERS_OVERFLOW: "the response's headers are too large",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the response is not of the length it announced",
  UND_ERR_SOCKET: "the connection was closed early",
};

/** Codes of Node's certificate verification (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const CERTIFICATE_CODE =
  /^(?:ERR_TLS_CERT_\w+|CERT_\w+|UNABLE_TO_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|HOSTNAME_MISMATCH)$/u;

/** Why an exchange failed, in words of our own: the text of the exception may name addresses, or come from the server. */
export function transportReason(error: unknown): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  if (Object.hasOwn(REASONS, code)) return `${REASONS[code]}`;
  if (CERTIFICATE_CODE.test(code)) return `the server's certificate could not be verified (${code})`;
  // undici's parser does not always give a code.
  if (code.startsWith("HPE_") || (error instanceof Error && error.name === "HTTPParserError"))
    return "the response is not valid HTTP";
  if (code.startsWith("ERR_SSL_")) return "the TLS handshake failed";
  return "the connection failed";
}
