import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpFailure } from "./error-code.ts";
import { transportErrorCode } from "./transport-error-code.ts";

function failure(code: string, message = "SECRET of the server"): Error {
  return Object.assign(new Error(message), { code });
}

test("what sockets, TLS and undici fail with has a code of the specification", () => {
  for (const [code, tag] of [
    ["ECONNREFUSED", "connection-refused"],
    ["ECONNRESET", "HTTP-response-incomplete"],
    ["EPIPE", "HTTP-response-incomplete"],
    ["UND_ERR_SOCKET", "HTTP-response-incomplete"],
    ["EHOSTUNREACH", "destination-unavailable"],
    ["ENETUNREACH", "destination-IP-unroutable"],
    ["ETIMEDOUT", "connection-timeout"],
    ["UND_ERR_CONNECT_TIMEOUT", "connection-timeout"],
    ["UND_ERR_HEADERS_OVERFLOW", "HTTP-response-header-section-size"],
    ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "HTTP-response-incomplete"],
    ["CERT_HAS_EXPIRED", "TLS-certificate-error"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "TLS-certificate-error"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "TLS-certificate-error"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "TLS-protocol-error"],
    ["HPE_INVALID_CONSTANT", "HTTP-protocol-error"],
    ["constructor", "internal-error"],
    ["", "internal-error"],
  ] as const) {
    assert.equal(transportErrorCode(failure(code), "awaiting-head").tag, tag, code);
  }
  assert.equal(transportErrorCode(failure("ECONNRESET"), "connecting").tag, "connection-terminated");
  assert.equal(
    transportErrorCode(failure("UND_ERR_HEADERS_OVERFLOW"), "body").tag,
    "HTTP-response-trailer-section-size",
  );
  assert.deepEqual(transportErrorCode("not an error", "body"), { tag: "internal-error", val: undefined });
});

test("a TLS alert is reported with its number, and a code that is known already stands", () => {
  const alert = failure("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", "...:SSL alert number 40:\n");
  assert.deepEqual(transportErrorCode(alert, "connecting"), {
    tag: "TLS-alert-received",
    val: { alertId: 40, alertMessage: "handshake failure" },
  });
  const unnumbered = failure("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "SSL alert number 999");
  assert.deepEqual(transportErrorCode(unnumbered, "connecting"), {
    tag: "TLS-alert-received",
    val: { alertId: undefined, alertMessage: "unknown ca" },
  });
  const code = { tag: "HTTP-request-body-size", val: 3n } as const;
  assert.deepEqual(transportErrorCode(new HttpFailure(code), "body"), code);
});

test("nothing that a server said is in a code", () => {
  for (const code of ["ECONNRESET", "HPE_INVALID_HEADER_TOKEN", "", "ERR_SSL_BAD_RECORD"]) {
    assert.doesNotMatch(JSON.stringify(transportErrorCode(failure(code), "body")), /SECRET/);
  }
});
