/** How often a worker is checked that has not started what it was sent, in milliseconds. */
const CHECK_MS = 100;

/** On how many checks in a row no guest may run there: 5 s, in which a machine starts a thread. */
const MAX_IDLE_CHECKS = 50;

/** What the watch has to know of a worker, and does to it. */
export interface StartingWorker {
  /** Whether an invocation was sent that has not started. */
  readonly isStarting: () => boolean;
  /** Whether one of its guests is on the processor. */
  readonly isRunning: () => boolean;
  /** Takes the invocation back, so that another worker can start it. */
  readonly takeBack: () => void;
  /** Ends the thread, since it hangs. */
  readonly kill: () => void;
}

/**
 * Watches over an invocation from when it is sent to a worker until it starts.
 *
 * | what a check finds | what is done |
 * | --- | --- |
 * | a guest runs, which came back from a wait and keeps the processor | the invocation is given to another worker |
 * | no guest runs, and nothing starts, on more than {@link MAX_IDLE_CHECKS} checks in a row | the thread is ended |
 */
export class StartWatch {
  readonly #worker: StartingWorker;
  #timer: NodeJS.Timeout | undefined;

  constructor(worker: StartingWorker) {
    this.#worker = worker;
  }

  /** An invocation was sent. */
  begin(): void {
    this.#await(0);
  }

  /** It has started, or will not. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #await(idleChecks: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(idleChecks), CHECK_MS);
    this.#timer.unref();
  }

  #check(idleChecks: number): void {
    const worker = this.#worker;
    if (!worker.isStarting()) return;
    const isRunning = worker.isRunning();
    if (isRunning) worker.takeBack();
    if (idleChecks >= MAX_IDLE_CHECKS) worker.kill();
    else this.#await(isRunning ? 0 : idleChecks + 1);
  }
}
