import type { HttpFields, HttpRequestHead, HttpResponsePart, HttpServices } from "../../shared/http-message.ts";
import type { HostContext } from "../capability.ts";
import type {
  ExchangeBodyPart,
  ExchangeRequestHead,
  ExchangeResponseHead,
  IncomingExchange,
} from "./incoming-exchange.ts";
import type { ErrorCode } from "./wasi/error-code.ts";
import type { RawFields } from "./wasi/fields/field-map.ts";

/** How much of a request's body is asked for at once, and of a response's is under way before more waits, in bytes. */
const WINDOW_BYTES = 65_536;

/**
 * An exchange whose connection is on the thread that embeds Cordon. A message between threads costs more than a small answer, so
 * what a guest writes in one turn is sent as one: its head, its body and its end, most of the time.
 */
export class AskedExchange implements IncomingExchange {
  readonly request: ExchangeRequestHead;
  readonly #context: HostContext;
  #requestEnd: HttpFields | undefined;
  #part: HttpResponsePart | undefined;
  #underWay = 0;
  #roomMade: PromiseWithResolvers<void> | undefined;
  #lost: unknown;

  constructor(context: HostContext, { hasBody, headers, ...head }: HttpRequestHead) {
    this.#context = context;
    this.request = { ...head, headers: bytesOf(headers) };
    if (!hasBody) this.#requestEnd = [];
  }

  async pullBody(): Promise<ExchangeBodyPart> {
    if (this.#requestEnd === undefined) {
      const { bytes, trailers } = await this.#ask("http-request-body", WINDOW_BYTES);
      this.#requestEnd = trailers;
      if (bytes.length > 0) return { kind: "bytes", bytes };
    }
    return { kind: "end", trailers: bytesOf(this.#requestEnd ?? []) };
  }

  /** What is not asked for is not read. */
  cancelBody(): void {}

  async sendHead({ status, headers }: ExchangeResponseHead): Promise<void> {
    this.#gather({ head: { status, headers: textOf(headers) } });
    return Promise.resolve();
  }

  async sendBody(bytes: Uint8Array): Promise<void> {
    if (this.#part?.body !== undefined) this.#flush();
    this.#underWay += bytes.length;
    this.#gather({ ...this.#part, body: bytes });
    while (this.#underWay > WINDOW_BYTES && this.#lost === undefined) {
      this.#roomMade ??= Promise.withResolvers();
      await this.#roomMade.promise;
    }
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** Does not wait for the client to take it: nothing of the guest is needed for that. */
  async sendEnd(trailers: RawFields): Promise<void> {
    this.#part = { ...this.#part, trailers: textOf(trailers) };
    this.#flush();
    return Promise.resolve();
  }

  fail({ tag }: ErrorCode): void {
    // A head that is still here need not have been.
    if (this.#part?.head === undefined) this.#flush();
    this.#part = undefined;
    this.#context.tell("http-failure", tag);
  }

  /** Sends a part in the next turn of the event loop, unless more comes before. */
  #gather(part: HttpResponsePart): void {
    if (this.#part === undefined) setImmediate(() => this.#flush());
    this.#part = part;
  }

  #flush(): void {
    const part = this.#part;
    if (part === undefined) return;
    this.#part = undefined;
    if (part.trailers !== undefined) {
      this.#context.tell("http-response", part);
      return;
    }
    const bytes = part.body?.length ?? 0;
    this.#ask("http-response", part)
      .catch((thrown: unknown) => {
        this.#lost ??= thrown;
      })
      .finally(() => {
        this.#underWay -= bytes;
        this.#roomMade?.resolve();
        this.#roomMade = undefined;
      });
  }

  async #ask<S extends keyof HttpServices>(
    service: S,
    payload: HttpServices[S]["payload"],
  ): Promise<HttpServices[S]["answer"]> {
    return this.#context.ask(service, payload) as Promise<HttpServices[S]["answer"]>;
  }
}

function bytesOf(fields: HttpFields): RawFields {
  return fields.map(([name, value]) => [name, Buffer.from(value, "latin1")]);
}

function textOf(fields: RawFields): HttpFields {
  return fields.map(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
}
