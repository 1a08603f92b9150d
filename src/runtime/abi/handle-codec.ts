import type { CoreType } from "../../shared/plan/plan.ts";
import { type Codec, memoryOf } from "./codec.ts";
import type { HandleScope, LiftContext, LowerContext } from "./context.ts";
import type { CoreValue } from "./core-values.ts";
import { HANDLE_BYTES } from "./host-bytes.ts";

/** How one kind of handle is taken out of a table and put into one. */
export interface HandleForm {
  readonly lift: (handles: HandleScope, index: number) => unknown;
  readonly lower: (handles: HandleScope, value: unknown) => number;
}

/** Handles: indices of a table of the component instance. */
export class HandleCodec implements Codec {
  readonly size = 4;
  readonly align = 4;
  readonly flat: readonly CoreType[] = ["i32"];
  readonly hostBytes: number = HANDLE_BYTES;
  readonly steps = 4;
  readonly #form: HandleForm;

  constructor(form: HandleForm) {
    this.#form = form;
  }

  load(context: LiftContext, at: number): unknown {
    return this.#form.lift(context.handles, memoryOf(context).view.getUint32(at, true));
  }

  store(context: LowerContext, value: unknown, at: number): void {
    memoryOf(context).view.setUint32(at, this.#form.lower(context.handles, value), true);
  }

  lift(context: LiftContext, values: readonly CoreValue[], from: number): unknown {
    return this.#form.lift(context.handles, (values[from] as number) >>> 0);
  }

  lower(context: LowerContext, value: unknown, values: CoreValue[]): void {
    values.push(this.#form.lower(context.handles, value));
  }
}
