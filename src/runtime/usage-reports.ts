import type { WorkerUsage } from "./messages.ts";

type Report = PromiseWithResolvers<WorkerUsage | undefined>;

/** What invocations are asked that they used so far. However often one is asked, one request is under way for it. */
export class UsageReports {
  readonly #open = new Map<number, Report>();
  readonly #request: (ticket: number) => void;

  /** @param request Sends the request for an invocation. */
  constructor(request: (ticket: number) => void) {
    this.#request = request;
  }

  /** Asks for one that runs. */
  ask(ticket: number): Promise<WorkerUsage | undefined> {
    const open = this.#open.get(ticket);
    if (open !== undefined) return open.promise;
    const report: Report = Promise.withResolvers();
    this.#open.set(ticket, report);
    this.#request(ticket);
    return report.promise;
  }

  /** Whether an answer is due. */
  isOpen(ticket: number): boolean {
    return this.#open.has(ticket);
  }

  /** The answer, or that there will be none. */
  settle(ticket: number, usage?: WorkerUsage): void {
    this.#open.get(ticket)?.resolve(usage);
    this.#open.delete(ticket);
  }

  /** No answer will come any more. */
  end(): void {
    for (const ticket of this.#open.keys()) this.settle(ticket);
  }
}
