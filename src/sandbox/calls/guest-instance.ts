import { normalizeArguments } from "../../component/values/check-value.ts";
import type { WorkerUsage } from "../../runtime/messages.ts";
import type { Ended, Ending, InstancePort } from "../../runtime/pending.ts";
import { CordonError } from "../../shared/errors.ts";
import type { Limits } from "../../shared/limits.ts";
import type { Usage } from "../../shared/usage.ts";
import type { ComponentInterface } from "../../shared/wit/wit.ts";
import { abortSignal } from "../options/common-shapes.ts";
import { options, readOptions, type Shape } from "../options/shape.ts";
import type { CallResult } from "./call-result.ts";
import { checkEnding } from "./check-ending.ts";
import { valueOf } from "./ending.ts";
import { type CallableExport, findExport } from "../loading/exports.ts";
import { refuseHandleResult } from "./refuse-handle-result.ts";
import { usageOf } from "./usage.ts";

/** How an instance that stays is called. */
export interface InstanceCallOptions {
  /** Ends the call, and the instance with it, with a `cancelled` error. */
  readonly signal?: AbortSignal | undefined;
}

const instanceCallOptions: Shape<InstanceCallOptions> = options<InstanceCallOptions>({ signal: abortSignal });

/** @internal What the runtime and an instance tell each other. */
export interface InstanceLink {
  readonly interface: ComponentInterface;
  readonly limits: Limits;
  /** Whether the instance is in a process that a guest may have taken over, so that what it returns has to be checked. */
  readonly untrusted: boolean;
  /** Ends it, whatever it does, as cancelled for this reason. */
  readonly stop: (reason: unknown) => void;
  /** Resolves when the instance is no more. */
  readonly ran: Promise<{ readonly ended: Ended; readonly usage: Usage }>;
}

const CLOSED: Ending = { kind: "cancelled", reason: "the instance was closed" };

/** What an instance is in before it can be called. */
const MAKING = {
  name: "the start functions",
  function: { name: "start", parameters: [], async: false },
} as const;

/** How the instance came to be ready: after a call, or for the first. */
interface Ready {
  readonly ending: Ending | undefined;
  readonly usage: Usage;
}

/**
 * An instance that stays: what one call leaves in its memory, the next finds. Its limits are for all its calls together, but for
 * `timeoutMs`, which is for each; between two calls it waits for `idleTimeoutMs` at most. It takes one call at a time. A call that
 * traps or comes to a limit ends it.
 */
export class GuestInstance implements AsyncDisposable {
  readonly #link: InstanceLink;
  #port: InstancePort | undefined;
  #waiting: ((ready: Ready) => void) | undefined;
  #end: Ending | undefined;
  #fuelGiven: number;
  #fuelToGive = 0;
  #usage: Usage = usageOf({ ending: CLOSED, wallMs: 0 }, 0);
  readonly #madeAt = performance.now();

  /** @internal Made by `Sandbox.instantiate`. */
  constructor(link: InstanceLink) {
    // Only JavaScript gets here without one.
    if (!(link?.ran instanceof Promise)) {
      throw new CordonError("usage", "Cannot make a GuestInstance with new: use await sandbox.instantiate()");
    }
    this.#link = link;
    this.#fuelGiven = link.limits.fuel;
    void link.ran.then(({ ended: { ending }, usage }) => {
      // What its last call gave was for that call alone.
      this.#end = ending.kind === "value" || ending.kind === "guest-error" ? CLOSED : ending;
      this.#settle({ ending, usage });
    });
  }

  /** @internal The runtime says that the instance is ready. */
  ready(port: InstancePort, ending: Ending | undefined, usage: WorkerUsage): void {
    this.#port = port;
    this.#settle({ ending, usage: usageOf({ ending: CLOSED, usage, wallMs: performance.now() - this.#madeAt }, 0) });
  }

  /** @internal Resolves when the instance can be called, or is no more. */
  async opened(): Promise<void> {
    await this.#untilReady();
    if (this.#end !== undefined) this.#valueOf(this.#end, MAKING);
  }

  /**
   * Calls an export. As `Sandbox.call`, with the usage of all calls so far. A signal that is aborted while the call runs ends the
   * instance with it, as `cancelled`.
   *
   * @throws CordonError as `Sandbox.call`; `usage` while another call is running; `trap` or what else ended the instance when there
   * is none any more.
   */
  async call(name?: string, parameters: readonly unknown[] = [], given: InstanceCallOptions = {}): Promise<CallResult> {
    const { signal } = readOptions("GuestInstance.call", instanceCallOptions, given);
    const called = findExport(this.#link.interface, name);
    refuseHandleResult(called);
    const normal = normalizeArguments(called.function, parameters);
    // What ended the instance is what every later call fails with.
    if (this.#end !== undefined) this.#valueOf(this.#end, called);
    const port = this.#port;
    if (port === undefined) {
      throw new CordonError(
        "usage",
        `Cannot call ${called.name}: the instance is in a call; wait until that has ended`,
      );
    }
    if (signal?.aborted === true) {
      throw new CordonError("cancelled", `Calling ${called.name} was cancelled before it began`, {
        cause: signal.reason,
      });
    }
    this.#port = undefined;
    const ready = this.#untilReady();
    port.enter({ target: called.path, parameters: normal, fuel: this.#fuelToGive });
    this.#fuelToGive = 0;
    const onAbort = (): void => this.#link.stop(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const { ending = CLOSED } = await ready;
    signal?.removeEventListener("abort", onAbort);
    return { value: this.#valueOf(ending, called), usage: this.#usage };
  }

  /** Units of fuel that are left. Exact when no call is running; 0 for one that ended without saying what it used. */
  get fuelRemaining(): number {
    return Math.max(0, this.#fuelGiven - (this.#usage.fuel ?? this.#fuelGiven));
  }

  /**
   * Gives more fuel, from the next call on. All that was given together is 2^53 - 1 units at most; what is more is not given.
   *
   * @throws CordonError `usage` for what is no whole number of units.
   */
  refuel(units: number): void {
    if (!Number.isSafeInteger(units) || units < 0) {
      throw new CordonError("usage", `Cannot give ${String(units)} units of fuel: it takes a whole number`);
    }
    const given = Math.min(Number.MAX_SAFE_INTEGER, this.#fuelGiven + units);
    this.#fuelToGive += given - this.#fuelGiven;
    this.#fuelGiven = given;
  }

  /** Ends the instance when no call is running, and waits until it is gone. A call that is running is waited for. */
  async close(): Promise<void> {
    while (this.#end === undefined && this.#port === undefined) await this.#untilReady();
    this.#port?.leave();
    this.#port = undefined;
    await this.#link.ran;
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The value of a call that ended so; throws for any other ending. */
  #valueOf(ending: Ending, called: Pick<CallableExport, "name" | "function">): unknown {
    const ended: Ended = { ending, wallMs: this.#usage.wallMs };
    const checked = this.#link.untrusted ? checkEnding(ended, called.function) : ended;
    return valueOf(checked, called, this.#link.limits, this.#usage);
  }

  #untilReady(): Promise<Ready> {
    if (this.#end !== undefined) return Promise.resolve({ ending: this.#end, usage: this.#usage });
    const { promise, resolve } = Promise.withResolvers<Ready>();
    const before = this.#waiting;
    this.#waiting = (ready) => {
      before?.(ready);
      resolve(ready);
    };
    return promise;
  }

  #settle(ready: Ready): void {
    this.#usage = ready.usage;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(ready);
  }
}
