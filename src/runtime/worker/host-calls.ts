import type { HostContext, HostResult } from "../../host/capability.ts";
import type { HandleShape } from "../../shared/handle-shape.ts";
import type { ImportedFunction } from "../messages.ts";
import type { EndState } from "./end-state.ts";
import type { LinkedFunction } from "./linked-imports.ts";
import type { Presence } from "./presence.ts";
import type { BoundFunction, BoundResult } from "./realm-prelude.ts";
import { disposeAll, type ResourceTable, TooManyHandles } from "./resource-table.ts";

/** What the host calls of one invocation need. */
export interface HostCallParts {
  readonly context: HostContext;
  readonly resources: ResourceTable;
  readonly endState: EndState;
  readonly presence: Presence;
  /** Whether the guest is not to be gone on with, by now. */
  readonly isOver: () => boolean;
  /** Has the guest come by its checkpoint at its next step. */
  readonly toCheckpoint: () => void;
}

/**
 * After how many calls a guest comes by its checkpoint: it takes little fuel to call much. By their number and not by time, so that
 * what is charged is the same in every run.
 */
const CALLS_PER_CHECKPOINT = 32;

/** The calls of host functions that one invocation makes: admitted, counted, waited for and answered. */
export class HostCalls {
  readonly #parts: HostCallParts;
  readonly #counts = new Map<string, number>();
  #calls = 0;

  constructor(parts: HostCallParts) {
    this.#parts = parts;
  }

  /** How many there were, by `interface#function`. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** A function as the glue's realm calls it. */
  bind(linked: LinkedFunction): BoundFunction {
    const { used, provided, className } = linked;
    return { ...used, className, blocking: provided.blocking, call: (parameters) => this.#call(linked, parameters) };
  }

  #call({ label, used, provided }: LinkedFunction, parameters: unknown[]): BoundResult | Promise<BoundResult> {
    this.#admit(label);
    const { context, resources } = this.#parts;
    const owned: object[] = [];
    const given = resources.lift(parameters, used.parameters, owned);
    let answer: HostResult | Promise<HostResult>;
    try {
      answer = provided.call(context, ...(given as never[]));
    } catch (thrown) {
      disposeAll(owned);
      throw thrown;
    }
    // What answers at once costs no turn: most reads and writes of files do.
    return answer instanceof Promise ? this.#awaited(used, answer, owned) : this.#answered(used, answer);
  }

  #admit(label: string): void {
    const { endState, presence, isOver, toCheckpoint } = this.#parts;
    endState.assertStackRoom();
    // The one sees what the main thread says while the guest runs, the other refuses.
    isOver();
    endState.refuseIfOver();
    presence.occupy();
    this.#calls += 1;
    if (this.#calls % CALLS_PER_CHECKPOINT === 0) toCheckpoint();
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
  }

  /** @param owned What the function was handed over, and is not responsible for when it fails. */
  async #awaited(used: ImportedFunction, answer: Promise<HostResult>, owned: readonly object[]): Promise<BoundResult> {
    const { presence, resources, endState, isOver } = this.#parts;
    presence.leave();
    const idle = this.#idleTimer();
    let result: HostResult | undefined;
    try {
      result = await answer;
    } finally {
      if (result === undefined) disposeAll(owned);
      clearTimeout(idle);
      await presence.comeBackSeen();
      // Nobody will be given what it answered.
      if (result !== undefined && isOver()) resources.discard(result.val, shapeWithin(used, result.tag));
      endState.refuseIfOver();
    }
    return this.#answered(used, result);
  }

  #idleTimer(): NodeJS.Timeout | undefined {
    const { endState, context } = this.#parts;
    const { idleTimeoutMs, timeoutMs } = context.limits;
    if (idleTimeoutMs >= timeoutMs) return undefined;
    return setTimeout(() => {
      const message = `nothing happened for ${idleTimeoutMs} ms in a host call`;
      endState.end({ kind: "limit", limit: "idle-time", cap: idleTimeoutMs, message });
      endState.abort();
    }, idleTimeoutMs);
  }

  #answered(used: ImportedFunction, { tag, val }: HostResult): BoundResult {
    if (used.result === undefined) return { tag, val };
    const { resources, context } = this.#parts;
    try {
      return { tag, val: resources.lower(val, shapeWithin(used, tag)) };
    } catch (thrown) {
      if (!(thrown instanceof TooManyHandles)) throw thrown;
      const cap = context.limits.maxHandles;
      return context.end({ kind: "limit", limit: "handles", cap, message: `it held more than ${cap} handles` });
    }
  }
}

/** Where handles lie in an answer of one tag. */
function shapeWithin({ result, fallible }: ImportedFunction, tag: "ok" | "err"): HandleShape | undefined {
  return fallible && result?.kind === "variant" ? result.cases[tag] : result;
}
