import type { EngineEnvironment } from "../environment.ts";
import type { TableBudget } from "../handles/handle-table.ts";
import type { PreparedPlan } from "../prepared-plan.ts";
import type { Scheduler } from "../tasks/scheduler.ts";
import { type SharedCopy, SharedFuture, SharedStream } from "../tasks/shared-copy.ts";
import { IncomingEnd } from "./incoming-end.ts";
import { OutgoingEnd } from "./outgoing-end.ts";

/** What the ends that the embedder has need of the invocation. */
export interface EndParts {
  readonly scheduler: Scheduler;
  readonly ask: EngineEnvironment["askStream"];
  /** Ends the invocation. */
  readonly fail: (thrown: unknown) => void;
  /** An end is no more. */
  readonly closed: () => void;
}

/** The ends of streams and futures that the embedder has of one instance. Each counts as a handle while it is open. */
export class EmbedderStreams {
  readonly #prepared: PreparedPlan;
  readonly #parts: Omit<EndParts, "closed">;
  readonly #budget: TableBudget;
  readonly #outgoing = new Set<OutgoingEnd>();
  #last = 0;
  #settled: (() => void) | undefined;

  constructor(prepared: PreparedPlan, parts: Omit<EndParts, "closed">, budget: TableBudget) {
    this.#prepared = prepared;
    this.#parts = parts;
    this.#budget = budget;
  }

  /** The embedder is given the readable end of a stream or future; tells its number. */
  give(shared: SharedCopy, type: number): number {
    this.#budget.take();
    this.#last += 1;
    const end: OutgoingEnd = new OutgoingEnd(this.#last, shared, {
      ...this.#parts,
      most: this.#prepared.elementsAtOnce(type),
      closed: () => {
        if (this.#outgoing.delete(end)) this.#budget.giveBack();
        this.#settle();
      },
      moved: () => this.#settle(),
    });
    this.#outgoing.add(end);
    end.start();
    return this.#last;
  }

  /** The guest is given the readable end of a stream or future of the embedder's, by its number. */
  take(id: number, kind: "stream" | "future", type: number): SharedCopy {
    this.#budget.take();
    const isPlain = this.#prepared.isPlain(type);
    const shared = kind === "stream" ? new SharedStream(type, isPlain) : new SharedFuture(type, isPlain);
    const hasContent = this.#prepared.hasContent(type);
    const closed = (): void => this.#budget.giveBack();
    new IncomingEnd(id, shared, { ...this.#parts, hasContent, closed }).start();
    return shared;
  }

  /** Resolves when nothing that the guest has begun to write waits for the embedder. */
  async written(): Promise<void> {
    while ([...this.#outgoing].some((end) => end.isAwaited)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#settled = resolve;
      await promise;
    }
  }

  /** The invocation is over: nobody waits any more. */
  end(): void {
    this.#outgoing.clear();
    this.#settle();
  }

  #settle(): void {
    this.#settled?.();
    this.#settled = undefined;
  }
}
