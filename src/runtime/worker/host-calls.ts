import type { HostContext, HostResult } from "../../host/capability.ts";
import type { HandleShape } from "../../shared/handle-shape.ts";
import type { ImportedFunction } from "../messages.ts";
import type { CallCounter, HostCallGate } from "./host-call-gate.ts";
import type { LinkedFunction } from "./linked-imports.ts";
import type { BoundFunction, BoundResult } from "./realm-prelude.ts";
import { disposeAll, type ResourceTable, TooManyHandles } from "./resource-table.ts";

/** What the host calls of one invocation need. */
export interface HostCallParts {
  readonly context: HostContext;
  readonly resources: ResourceTable;
  readonly gate: HostCallGate;
}

/** The calls of host functions of components that one invocation makes: admitted, waited for and answered. */
export class HostCalls {
  readonly #parts: HostCallParts;

  constructor(parts: HostCallParts) {
    this.#parts = parts;
  }

  /** A function as the glue's realm calls it. */
  bind(linked: LinkedFunction): BoundFunction {
    const { used, provided, className, label } = linked;
    const counter = this.#parts.gate.counter(label);
    return { ...used, className, blocking: provided.blocking, call: (given) => this.#call(linked, counter, given) };
  }

  #call(
    { used, provided }: LinkedFunction,
    counter: CallCounter,
    parameters: unknown[],
  ): BoundResult | Promise<BoundResult> {
    const { context, resources, gate } = this.#parts;
    gate.admit(counter);
    // What the function is handed over, and is not responsible for when it fails.
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

  async #awaited(used: ImportedFunction, answer: Promise<HostResult>, owned: readonly object[]): Promise<BoundResult> {
    const { gate, resources } = this.#parts;
    const result = await gate.wait(answer, {
      failed: () => disposeAll(owned),
      unwanted: ({ tag, val }) => resources.discard(val, shapeWithin(used, tag)),
    });
    return this.#answered(used, result);
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
