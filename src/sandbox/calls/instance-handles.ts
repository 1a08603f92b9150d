import type { HandleType, HandleValues, Replacement } from "../../component/values/check-value.ts";
import { describeValue } from "../../component/values/describe-value.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { GuestHandle, type HandleState } from "./guest-handle.ts";

/** Handles that the arguments of one call hold, checked and not yet passed. */
export interface ArgumentHandles extends HandleValues {
  /** They are passed: those that are handed over are of no use from now on. */
  readonly pass: () => void;
}

/** Handles that nobody has any more are dropped as if they had been disposed of. */
const FORGOTTEN = new FinalizationRegistry<HandleState>((state) => {
  if (state.status !== "held") return;
  state.status = "disposed";
  state.release();
});

/** How the handles of an instance are kept. */
export interface InstanceHandlesOptions {
  /** How many there may be at once. */
  readonly most: number;
  /** Whether handles that are collected are dropped. When that happens differs from run to run. */
  readonly collects: boolean;
  /** Told that there is something to drop. */
  readonly dropped: () => void;
}

/** The handles that an instance gave to the embedder, and that were not disposed of, handed over or forgotten. */
export class InstanceHandles {
  readonly #options: InstanceHandlesOptions;
  readonly #held = new Map<number, HandleState>();
  #drops: number[] = [];

  constructor(options: InstanceHandlesOptions) {
    this.#options = options;
  }

  /** Whether there are any to drop. */
  get hasDrops(): boolean {
    return this.#drops.length > 0;
  }

  /** The numbers of those that are to be dropped, each once. */
  takeDrops(): readonly number[] {
    const drops = this.#drops;
    this.#drops = [];
    return drops;
  }

  /** For the arguments of one call: handles become their numbers. */
  arguments(resources: ReadonlyMap<WitType, number>): ArgumentHandles {
    const uses = new Map<HandleState, HandleType["kind"]>();
    return {
      replace: (value, type) => {
        const found = this.#problemOf(value, resources.get(type));
        if (found !== undefined) return { found };
        const state = GuestHandle.stateOf(value);
        if (state === undefined) return { found: describeValue(value) };
        const before = uses.get(state);
        if (before !== undefined && (before === "own" || type.kind === "own")) {
          return { found: "a handle that is passed twice, and handed over" };
        }
        uses.set(state, type.kind);
        return { value: state.number };
      },
      pass: () => {
        for (const [state, kind] of uses) {
          if (kind !== "own") continue;
          state.status = "handed-over";
          this.#held.delete(state.number);
        }
      },
    };
  }

  /** For the result of a call: numbers become handles. What says the numbers may be hostile. */
  results(resources: ReadonlyMap<WitType, number>): HandleValues {
    return { replace: (value, type) => this.#given(value, type, resources.get(type)) };
  }

  /** Why a value cannot be passed as a handle of a resource. */
  #problemOf(value: unknown, resource: number | undefined): string | undefined {
    const state = GuestHandle.stateOf(value);
    if (state === undefined) return `${describeValue(value)}, which is no handle`;
    if (state.status === "disposed") return "a handle that was disposed of";
    if (state.status === "handed-over") return "a handle that was handed over";
    if (this.#held.get(state.number) !== state) return "a handle of another instance";
    return state.resource === resource ? undefined : "a handle of another resource";
  }

  #given(number: unknown, { resource: name }: HandleType, resource: number | undefined): Replacement {
    const isNew = typeof number === "number" && Number.isSafeInteger(number) && number > 0 && !this.#held.has(number);
    if (!isNew || resource === undefined) return { found: "no number of a new handle" };
    if (this.#held.size >= this.#options.most) return { found: `more than ${this.#options.most} handles` };
    const state: HandleState = {
      number,
      resource,
      status: "held",
      release: () => this.#release(number),
    };
    this.#held.set(number, state);
    const handle = new GuestHandle(name, state);
    if (this.#options.collects) FORGOTTEN.register(handle, state);
    return { value: handle };
  }

  #release(number: number): void {
    this.#held.delete(number);
    this.#drops.push(number);
    this.#options.dropped();
  }
}
