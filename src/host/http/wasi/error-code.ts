import { IoError } from "../../io/io-error.ts";
import type { StreamError } from "../../io/streams.ts";

/** The cases of `wasi:http/types.error-code` that carry nothing. */
export type PlainErrorTag =
  | "DNS-timeout"
  | "destination-not-found"
  | "destination-unavailable"
  | "destination-IP-prohibited"
  | "destination-IP-unroutable"
  | "connection-refused"
  | "connection-terminated"
  | "connection-timeout"
  | "connection-read-timeout"
  | "connection-write-timeout"
  | "connection-limit-reached"
  | "TLS-protocol-error"
  | "TLS-certificate-error"
  | "HTTP-request-denied"
  | "HTTP-request-length-required"
  | "HTTP-request-method-invalid"
  | "HTTP-request-URI-invalid"
  | "HTTP-request-URI-too-long"
  | "HTTP-response-incomplete"
  | "HTTP-response-timeout"
  | "HTTP-upgrade-failed"
  | "HTTP-protocol-error"
  | "loop-detected"
  | "configuration-error";

interface FieldSize {
  readonly fieldName: string | undefined;
  readonly fieldSize: number | undefined;
}

/** `wasi:http/types.error-code`: why an exchange failed, as a guest sees it. Plain data. */
export type ErrorCode =
  | { readonly tag: PlainErrorTag }
  | {
      readonly tag: "DNS-error";
      readonly val: { readonly rcode: string | undefined; readonly infoCode: number | undefined };
    }
  | {
      readonly tag: "TLS-alert-received";
      readonly val: { readonly alertId: number | undefined; readonly alertMessage: string | undefined };
    }
  | { readonly tag: "HTTP-request-body-size" | "HTTP-response-body-size"; readonly val: bigint | undefined }
  | {
      readonly tag:
        | "HTTP-request-header-section-size"
        | "HTTP-request-trailer-section-size"
        | "HTTP-response-header-section-size"
        | "HTTP-response-trailer-section-size";
      readonly val: number | undefined;
    }
  | { readonly tag: "HTTP-request-header-size"; readonly val: FieldSize | undefined }
  | {
      readonly tag: "HTTP-request-trailer-size" | "HTTP-response-header-size" | "HTTP-response-trailer-size";
      readonly val: FieldSize;
    }
  | {
      readonly tag: "HTTP-response-transfer-coding" | "HTTP-response-content-coding" | "internal-error";
      readonly val: string | undefined;
    };

/** A failure of an exchange that is known by its code: thrown inside the host, and the cause of a stream's error. */
export class HttpFailure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(`the HTTP exchange failed: ${code.tag}`);
    this.name = "HttpFailure";
    this.code = code;
  }
}

/** A code that carries nothing. */
export function plainCode(tag: PlainErrorTag): ErrorCode {
  return { tag };
}

/** A failure of the host's own, in its own words. */
export function internalCode(message: string): ErrorCode {
  return { tag: "internal-error", val: message };
}

/** What a stream of a body answers when its exchange failed. `http-error-code` gets the code back out of it. */
export function streamFailure(code: ErrorCode): { readonly tag: "err"; readonly val: StreamError } {
  const failure = new HttpFailure(code);
  return { tag: "err", val: { tag: "last-operation-failed", val: new IoError(failure.message, failure) } };
}
