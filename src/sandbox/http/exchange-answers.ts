import type { HttpBodyPart, HttpResponsePart, HttpServices } from "../../shared/http-message.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { HttpExchange } from "./http-exchange.ts";
import { declaredLength, readResponsePart } from "./read-http-part.ts";

/** The most of a request's body that one read takes, and of an answer's that is under way before one more part, in bytes. */
const WINDOW_BYTES = 64 * 1024;

/** The name of an error code of `wasi:http`, in its form. */
const REASON = /^[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+){0,7}$/u;

const MAX_REASON = 64;

type ExchangeLimits = Pick<Limits, "maxRequestBodyBytes" | "maxResponseBodyBytes" | "maxHeaderBytes">;

/**
 * Answers what a guest's side asks of one exchange. It may have been taken over by hostile code, so that each part is checked, and
 * that they come in order: the exchange sees what it would of any guest. What no guest's side asks is rejected, and changes nothing.
 */
export class ExchangeAnswers {
  readonly #exchange: HttpExchange;
  readonly #limits: ExchangeLimits;
  #reading = false;
  #hasBody: boolean;
  #readBytes = 0;
  #state: "before the head" | "in the body" | "over" = "before the head";
  #isBodiless: boolean;
  #declared: number | undefined;
  #sentBytes = 0;
  #underWayBytes = 0;

  constructor(exchange: HttpExchange, limits: ExchangeLimits) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#hasBody = exchange.head.hasBody;
    this.#isBodiless = exchange.head.method === "HEAD";
  }

  /** The answer; `undefined` for any other service. */
  answer(service: string, payload: unknown): Promise<unknown> | undefined {
    switch (service as keyof HttpServices) {
      case "http-request-body":
        return this.#read(payload);
      case "http-response":
        return this.#send(payload);
      case "http-failure":
        return this.#fail(payload);
      default:
        return undefined;
    }
  }

  async #read(maxBytes: unknown): Promise<HttpBodyPart> {
    if (typeof maxBytes !== "number" || !Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > WINDOW_BYTES) {
      throw new Error("Cannot read the request's body: what was asked for is no number of bytes to read");
    }
    const { maxRequestBodyBytes } = this.#limits;
    if (!this.#hasBody) throw new Error("Cannot read the request's body: there is no more of it");
    if (this.#reading) throw new Error("Cannot read the request's body: it is being read");
    if (this.#readBytes > maxRequestBodyBytes) {
      throw new Error(`Cannot read the request's body: it is larger than ${maxRequestBodyBytes} bytes`);
    }
    this.#reading = true;
    try {
      const part = await this.#exchange.read(maxBytes);
      this.#readBytes += part.bytes.length;
      if (part.trailers !== undefined) this.#hasBody = false;
      return part;
    } finally {
      this.#reading = false;
    }
  }

  async #send(payload: unknown): Promise<void> {
    const part = readResponsePart(payload, this.#limits);
    this.#assertInTurn(part);
    const bytes = part.body?.length ?? 0;
    if (part.head !== undefined) {
      this.#declared = declaredLength(part.head);
      this.#isBodiless ||= part.head.status === 304;
    }
    this.#sentBytes += bytes;
    this.#state = part.trailers === undefined ? "in the body" : "over";
    this.#underWayBytes += bytes;
    try {
      await this.#exchange.send(part);
    } finally {
      this.#underWayBytes -= bytes;
    }
  }

  /** Whether this part can come after those before it. */
  #assertInTurn({ head, body, trailers }: HttpResponsePart): void {
    if (this.#state === "over") throw outOfTurn("the answer is over");
    if ((head === undefined) === (this.#state === "before the head")) throw outOfTurn("its head comes first, and once");
    if (this.#underWayBytes > WINDOW_BYTES) throw outOfTurn("too much of it is under way");
    const sent = this.#sentBytes + (body?.length ?? 0);
    const { maxResponseBodyBytes } = this.#limits;
    if (sent > maxResponseBodyBytes) throw outOfTurn(`its body is more than ${maxResponseBodyBytes} bytes`);
    const declared = head === undefined ? this.#declared : declaredLength(head);
    if (declared === undefined) return;
    const isShort = trailers !== undefined && sent < declared;
    const mayBeShort = sent === 0 && (this.#isBodiless || head?.status === 304);
    if (sent > declared || (isShort && !mayBeShort)) throw outOfTurn("its body is not as long as its head says");
  }

  async #fail(reason: unknown): Promise<void> {
    if (typeof reason !== "string" || reason.length > MAX_REASON || !REASON.test(reason)) {
      throw new Error("Cannot note that an HTTP answer failed: the reason is no error code");
    }
    if (this.#state === "over") throw new Error("Cannot note that an HTTP answer failed: it is over");
    this.#state = "over";
    this.#exchange.failed(reason);
  }
}

function outOfTurn(reason: string): Error {
  return new Error(`Cannot send a part of an HTTP answer: ${reason}`);
}
