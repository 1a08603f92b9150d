import type { Limits } from "../../shared/limits/limits.ts";
import type { Invocation, Program } from "../messages.ts";
import type { GuestEnvironment } from "./guest-environment.ts";
import { GuestInvocation } from "./guest-invocation.ts";

/** The ticket of an instance that nobody has called. The pool gives none below 1. */
const NOBODYS_TICKET = -1;

/** How often a program is called on this thread before an instance of it is made ahead: what is called once is not called again soon. */
const MIN_CALLS = 3;

/** What an instance may take of the thread's heap, in bytes, to be kept while nobody needs it. */
const MAX_HEAP_BYTES = 8 * 2 ** 20;

/** How long a thread has been idle before it makes an instance, in milliseconds: calls that come one after the other are not kept waiting. */
const IDLE_MS = 1;

/** What is asked of the thread. */
interface ThreadState {
  /** Whether it has nothing else to do. */
  readonly isIdle: () => boolean;
  /** Whether further calls of a program may come. */
  readonly isLoaded: (program: Program) => boolean;
}

interface Next {
  readonly program: Program;
  readonly invocation: Invocation;
  readonly fuelToMake: number;
}

interface Ready {
  readonly program: Program;
  readonly invocation: Invocation;
  readonly guest: GuestInvocation;
}

/**
 * The instance that a thread made while it was idle, for the next call of the program that it ran last. It is used once, as any: a call gets
 * an instance that nobody has called. Only programs have one whose instances call nothing of the host's while they are made, and are
 * made soon; so it makes no difference when they are, but to who waits.
 */
export class MadeAhead {
  readonly #environment: GuestEnvironment;
  readonly #thread: ThreadState;
  readonly #calls = new WeakMap<Program, number>();
  #ready: Ready | undefined;
  #next: Next | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(environment: GuestEnvironment, thread: ThreadState) {
    this.#environment = environment;
    this.#thread = thread;
  }

  /** The instance that is there for such an invocation, which is its from now on. */
  take(program: Program | undefined, ticket: number, invocation: Invocation): GuestInvocation | undefined {
    const ready = this.#ready;
    if (ready === undefined || ready.program !== program) return undefined;
    if (invocation.target === undefined || !isSame(ready.invocation.limits, invocation.limits)) return undefined;
    this.#ready = undefined;
    ready.guest.adopt(ticket, invocation);
    return ready.guest;
  }

  /** A call has ended: makes an instance for another like it, once the thread is idle. */
  consider(program: Program | undefined, invocation: Invocation, guest: GuestInvocation): void {
    if (program === undefined || invocation.target === undefined) return;
    const calls = (this.#calls.get(program) ?? 0) + 1;
    this.#calls.set(program, calls);
    const { fuelToMake } = guest;
    if (calls < MIN_CALLS || fuelToMake === undefined || program.heapBytes > MAX_HEAP_BYTES) return;
    // What was passed to it is of no use to another.
    this.#next = { program, invocation: { ...invocation, parameters: [], request: undefined }, fuelToMake };
    this.#timer ??= setTimeout(() => this.#pause(), IDLE_MS).unref();
    this.#timer.refresh();
  }

  /** Drops what is there for a program. */
  forget(program: Program): void {
    if (this.#next?.program === program) this.#next = undefined;
    if (this.#ready?.program !== program) return;
    this.#ready.guest.drop();
    this.#ready = undefined;
  }

  /** Nothing has ended for a while. */
  #pause(): void {
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined && this.#thread.isIdle() && this.#ready?.program !== next.program) void this.#make(next);
  }

  async #make({ program, invocation, fuelToMake }: Next): Promise<void> {
    const guest = new GuestInvocation(NOBODYS_TICKET, invocation, this.#environment, fuelToMake);
    const isMade = await guest.prepare(program);
    if (!isMade || !this.#thread.isLoaded(program)) {
      guest.drop();
      this.#calls.set(program, Number.NEGATIVE_INFINITY);
      return;
    }
    if (this.#ready !== undefined) this.forget(this.#ready.program);
    this.#ready = { program, invocation, guest };
  }
}

function isSame(one: Limits, other: Limits): boolean {
  return one === other || (Object.keys(one) as (keyof Limits)[]).every((name) => one[name] === other[name]);
}
