import type { HostContext } from "../../capability.ts";
import { closeAtEnd } from "../../close-at-end.ts";
import type { CountMeter } from "../../metering/count-meter.ts";

/** The place of one thing among those that are open for an invocation. */
export class OpenSlot {
  readonly #context: HostContext;
  readonly #meter: CountMeter | undefined;
  #forget: (() => void) | undefined;
  #released = false;

  /** Takes over one count of `meter`, for what is counted. */
  constructor(context: HostContext, meter: CountMeter | undefined) {
    this.#context = context;
    this.#meter = meter;
  }

  /** What was opened is closed by `close`, at the latest when the invocation ends. */
  closeAtEnd(close: () => void): void {
    const forget = closeAtEnd(this.#context, close);
    if (this.#released) forget();
    else this.#forget = forget;
  }

  /** It is closed, or was not opened. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#meter?.release();
    this.#forget?.();
  }
}
