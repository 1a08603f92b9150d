import type { HostContext } from "../../capability.ts";
import type { Waitable } from "../../io/streams.ts";
import { Wakeups } from "../../io/wakeups.ts";
import type { ErrorCode } from "./error-code.ts";
import type { FieldMap } from "./field-map.ts";
import { Fields } from "./fields.ts";
import { IncomingBody, type IncomingSource } from "./incoming-body.ts";

/** A `wasi:http/types.incoming-response`. */
export class IncomingResponse {
  readonly status: number;
  readonly #context: HostContext;
  readonly #headers: FieldMap;
  readonly #source: IncomingSource;
  #consumed = false;
  #open = true;

  /** @param headers Owned by the response from now on, as is the source. */
  constructor(context: HostContext, status: number, headers: FieldMap, source: IncomingSource) {
    this.#context = context;
    this.status = status;
    this.#headers = headers;
    this.#source = source;
  }

  headers(): Fields {
    return new Fields(this.#headers.retain(), { mutable: false });
  }

  /** The body; `undefined` when it was asked for before. */
  consume(): IncomingBody | undefined {
    if (this.#consumed) return undefined;
    this.#consumed = true;
    return new IncomingBody(this.#context, this.#source);
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#headers.release();
    if (!this.#consumed) this.#source.cancel();
  }
}

/** How a request came out. */
export type ResponseResult =
  | { readonly tag: "ok"; readonly val: IncomingResponse }
  | { readonly tag: "err"; readonly val: ErrorCode };

/** A `wasi:http/types.future-incoming-response`. */
export class FutureIncomingResponse implements Waitable {
  readonly #settled = new Wakeups();
  #result: ResponseResult | undefined;
  #taken = false;
  #disposed = false;
  #cancel: (() => void) | undefined;

  /** Sets what is done when the guest drops this before there is a response. */
  onCancel(cancel: () => void): void {
    this.#cancel = cancel;
  }

  /** The first result stands; a response that nobody can take any more is dropped. */
  settle(result: ResponseResult): void {
    if (this.#disposed || this.#result !== undefined) {
      if (result.tag === "ok") result.val[Symbol.dispose]();
      return;
    }
    this.#result = result;
    this.#settled.wake();
  }

  ready(): boolean {
    return this.#result !== undefined;
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#settled.wait(signal);
  }

  /** The result once it is there; an error the second time. */
  get():
    | { readonly tag: "ok"; readonly val: ResponseResult }
    | { readonly tag: "err"; readonly val: undefined }
    | undefined {
    if (this.#result === undefined) return undefined;
    if (this.#taken) return { tag: "err", val: undefined };
    this.#taken = true;
    return { tag: "ok", val: this.#result };
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#result === undefined) this.#cancel?.();
    else if (!this.#taken && this.#result.tag === "ok") this.#result.val[Symbol.dispose]();
  }
}
