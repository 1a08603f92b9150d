import type { HostContext } from "../../../capability.ts";
import type { Waitable } from "../../../io/streams.ts";
import { Wakeups } from "../../../io/wakeups.ts";
import type { ErrorCode } from "../error-code.ts";
import type { FieldMap } from "../fields/field-map.ts";
import type { IncomingSource } from "./incoming-body.ts";
import { IncomingMessage } from "./incoming-message.ts";

/** A `wasi:http/types.incoming-response`. */
export class IncomingResponse extends IncomingMessage {
  readonly status: number;

  /** @param headers Owned by the response from now on, as is the source. */
  constructor(context: HostContext, status: number, headers: FieldMap, source: IncomingSource) {
    super(context, headers, source);
    this.status = status;
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

  /** The guest gets this in the place of what it has not taken. */
  revoke(code: ErrorCode): void {
    if (this.#taken || this.#disposed) return;
    if (this.#result?.tag === "ok") this.#result.val[Symbol.dispose]();
    this.#result = { tag: "err", val: code };
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
