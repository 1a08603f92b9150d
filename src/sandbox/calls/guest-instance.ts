import { normalizeArguments } from "../../component/values/check-value.ts";
import type { WorkerUsage } from "../../runtime/messages.ts";
import type { Ended, Ending, InstancePort } from "../../runtime/pending.ts";
import { CordonError } from "../../shared/errors.ts";
import { functionHoldsHandle, holdsStream } from "../../shared/wit/wit-handles.ts";
import type { Plan } from "../../shared/plan/plan.ts";
import type { Limits } from "../../shared/limits/limits.ts";
import type { Usage } from "../../shared/limits/usage.ts";
import type { ComponentInterface } from "../../shared/wit/wit.ts";
import { abortSignal } from "../options/common-shapes.ts";
import { options, readOptions, type Shape } from "../options/shape.ts";
import type { CallResult } from "./call-result.ts";
import { refuseOtherReceivers } from "../own-receiver.ts";
import { checkEnding } from "./check-ending.ts";
import { valueOf } from "./ending.ts";
import { type CallableExport, findExport } from "../loading/exports.ts";
import { type EmbeddersObjects, InstanceHandles } from "./instance-handles.ts";
import { type ExportedResources, exportedResourcesOf, NO_RESOURCES } from "./resource-types.ts";
import type { SchemaChecks } from "../manifest/schema-checks.ts";
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
  /** Absent for a core module. */
  readonly plan: Plan | undefined;
  /** Absent where the embedder gives nothing. */
  readonly embedders?: EmbeddersObjects;
  readonly limits: Limits;
  /** Whether handles that nobody has any more are dropped, which happens at other times in every run. */
  readonly collectsHandles: boolean;
  /** Whether the instance is in a process that a guest may have taken over, so that what it returns has to be checked. */
  readonly untrusted: boolean;
  /** Checks of what exports take and return; absent where there are none. */
  readonly schemas?: SchemaChecks | undefined;
  /** Counts a call that is about to be made. @throws CordonError `limit` for one that is too many. */
  readonly count?: (name: string) => void;
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
  readonly #handles: InstanceHandles;
  /** Whether handles are being dropped, where that is all that the instance does. */
  #isDropping = false;
  /** Takes what the call returns that is running, before its end. */
  #returning: ((ending: Ending) => void) | undefined;
  /** Whether it has, and goes on. */
  #hasReturned = false;
  #port: InstancePort | undefined;
  #waiting: ((ready: Ready) => void) | undefined;
  #end: Ending | undefined;
  #fuelGiven: number;
  #fuelToGive = 0;
  #usage: Usage = usageOf({ ending: CLOSED, wallMs: 0 }, 0);
  readonly #madeAt = performance.now();

  static {
    refuseOtherReceivers(GuestInstance, "instance", (self) => #link in self);
  }

  /** @internal Made by `Sandbox.instantiate`. */
  constructor(link: InstanceLink) {
    // Only JavaScript gets here without one.
    if (!(link?.ran instanceof Promise)) {
      throw new CordonError("usage", "Cannot make a GuestInstance with new: use await sandbox.instantiate()");
    }
    this.#link = link;
    this.#fuelGiven = link.limits.fuel;
    this.#handles = new InstanceHandles({
      most: link.limits.maxHandles,
      collects: link.collectsHandles,
      // Those that are disposed of together are dropped together.
      dropped: () => queueMicrotask(() => this.#drop()),
      ...(link.embedders === undefined ? {} : { embedders: link.embedders }),
    });
    void link.ran.then(({ ended: { ending }, usage }) => {
      // What its last call gave was for that call alone.
      this.#end = ending.kind === "value" || ending.kind === "guest-error" ? CLOSED : ending;
      // It leads to the component's code, which nobody needs any more.
      this.#port = undefined;
      this.#settle({ ending, usage });
    });
  }

  /** @internal The runtime says that the instance is ready. */
  ready(port: InstancePort, ending: Ending | undefined, usage: WorkerUsage): void {
    this.#port = port;
    this.#settle({ ending, usage: usageOf({ ending: CLOSED, usage, wallMs: performance.now() - this.#madeAt }, 0) });
    queueMicrotask(() => this.#drop());
  }

  /** @internal Resolves when the instance can be called, or is no more. */
  async opened(): Promise<void> {
    await this.#untilReady();
    if (this.#end !== undefined) this.#valueOf(this.#end, MAKING);
  }

  /**
   * Calls an export. As `Sandbox.call`, with the usage of all calls so far. Constructors, methods and static functions of resources are
   * called by their names in WIT, such as `[method]counter.next`; handles that they give are {@link GuestHandle}s. A signal that is
   * aborted while the call runs ends the instance with it, as `cancelled`.
   *
   * @throws CordonError as `Sandbox.call`; `usage` while another call is running, and for a handle that is not of this instance, was
   * disposed of or handed over; `trap` or what else ended the instance when there is none any more.
   */
  async call(name?: string, parameters: readonly unknown[] = [], given: InstanceCallOptions = {}): Promise<CallResult> {
    const { signal } = readOptions("GuestInstance.call", instanceCallOptions, given);
    while (this.#isEnding) await this.#untilReady();
    const called = findExport(this.#link.interface, name);
    const resources = exportedResourcesOf(this.#link.plan, called);
    const handles = this.#handles.arguments(resources.byType);
    try {
      const normal = normalizeArguments(called.function, parameters, handles);
      const checked = this.#link.schemas?.begin(called, this.#link.limits, signal);
      if (checked !== undefined) {
        await checked.input(normal);
        while (this.#isEnding) await this.#untilReady();
      }
      // What ended the instance is what every later call fails with.
      if (this.#end !== undefined) this.#valueOf(this.#end, called);
      if (this.#port === undefined) {
        throw new CordonError(
          "usage",
          `Cannot call ${called.name}: the instance is in a call; wait until that has ended, and its streams are read or cancelled`,
        );
      }
      if (signal?.aborted === true) {
        throw new CordonError("cancelled", `Calling ${called.name} was cancelled before it began`, {
          cause: signal.reason,
        });
      }
      this.#link.count?.(called.name);
      handles.pass();
      const ended = this.#enter(called.path, normal);
      this.#stopsWith(signal, ended);
      const returned = holdsStream(called.function.result) ? this.#early(ended) : ended;
      const { ending = CLOSED } = await returned;
      const [value, usage] = [this.#valueOf(ending, called, resources), this.#usage];
      if (checked !== undefined) await checked.output(value, usage);
      return { value, usage };
    } finally {
      handles.end();
    }
  }

  /** Has the instance end when the signal is aborted before the call has come to its end. */
  #stopsWith(signal: AbortSignal | undefined, ended: Promise<Ready>): void {
    if (signal === undefined) return;
    const onAbort = (): void => this.#link.stop(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    void ended.then(() => signal.removeEventListener("abort", onAbort));
  }

  /** Whether what it does comes to its end without the caller: it drops handles, or what it wrote has been read. */
  get #isEnding(): boolean {
    if (this.#end !== undefined) return false;
    return this.#isDropping || (this.#hasReturned && this.#link.embedders?.streams.isReading !== true);
  }

  /** What the call returns, where it goes on after that; or how it ended before. */
  #early(ended: Promise<Ready>): Promise<Ready> {
    const { promise, resolve } = Promise.withResolvers<Ready>();
    this.#returning = (ending) => resolve({ ending, usage: this.#usage });
    void ended.then(resolve);
    return promise;
  }

  /** @internal The guest's side says what the call returns that is running. Throws when none is to say so. */
  returned(payload: unknown): void {
    const returning = this.#returning;
    const { tag, val } = (payload ?? {}) as { readonly tag?: unknown; readonly val?: unknown };
    if (returning === undefined || (tag !== "ok" && tag !== "err")) throw new Error("no call is to return");
    this.#returning = undefined;
    this.#hasReturned = true;
    returning(tag === "ok" ? { kind: "value", value: val } : { kind: "guest-error", payload: val });
  }

  /** Has the instance drop handles, and call an export if there is one to call. Resolves when it is ready again, or is no more. */
  #enter(target: CallableExport["path"] | undefined, parameters: readonly unknown[]): Promise<Ready> {
    const port = this.#port;
    this.#port = undefined;
    const ready = this.#untilReady();
    port?.enter({ target, parameters, drops: this.#handles.takeDrops(), fuel: this.#fuelToGive });
    this.#fuelToGive = 0;
    return ready;
  }

  /** Has handles dropped that were disposed of, unless a call runs: then that happens before the next, or when it has ended. */
  #drop(): void {
    if (this.#port === undefined || !this.#handles.hasDrops) return;
    this.#isDropping = true;
    void this.#enter(undefined, []);
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

  /**
   * Ends the instance when no call is running, and waits until it is gone. A call that is running is waited for; where it has returned and
   * its streams go on, they are cancelled. Destructors of handles that were disposed of are waited for as well; those of all others do not
   * run: the guest's memory is gone.
   */
  async close(): Promise<void> {
    if (this.#hasReturned) {
      const reason = new CordonError("cancelled", "Cannot go on with the stream: its instance was closed");
      this.#link.embedders?.streams.stopReading(reason);
    }
    await this.finish();
  }

  /** @internal The same, without a word to its streams. */
  async finish(): Promise<void> {
    for (; this.#end === undefined; await this.#untilReady()) {
      this.#drop();
      if (this.#port !== undefined) break;
    }
    this.#port?.leave();
    this.#port = undefined;
    await this.#link.ran;
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The value of a call that ended so; throws for any other ending. */
  #valueOf(
    ending: Ending,
    called: Pick<CallableExport, "name" | "function">,
    { byType }: ExportedResources = NO_RESOURCES,
  ): unknown {
    const ended: Ended = { ending, wallMs: this.#usage.wallMs };
    const hasHandles = functionHoldsHandle(called.function);
    const mustCheck = this.#link.untrusted || hasHandles;
    const handles = hasHandles ? this.#handles.results(byType) : undefined;
    const checked = mustCheck ? checkEnding(ended, called.function, handles) : ended;
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

  /** It is ready, or is no more: whoever asks from now on, in whatever microtask, finds it so. */
  #settle(ready: Ready): void {
    this.#usage = ready.usage;
    this.#isDropping = false;
    this.#hasReturned = false;
    this.#returning = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(ready);
  }
}
