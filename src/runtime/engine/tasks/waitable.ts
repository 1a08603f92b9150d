import { trap } from "../../abi/trap.ts";

/** What a guest is told by an event: `EventCode` of the Canonical ABI. */
export const EVENT = {
  none: 0,
  subtask: 1,
  streamRead: 2,
  streamWrite: 3,
  futureRead: 4,
  futureWrite: 5,
  taskCancelled: 6,
} as const;

/** An event, with its two numbers. */
export type Event = readonly [code: number, first: number, second: number];

/** Nothing has happened. */
export const NO_EVENT: Event = [EVENT.none, 0, 0];

/** The task is to end early. */
export const CANCELLED_EVENT: Event = [EVENT.taskCancelled, 0, 0];

/** Something that a guest can wait for: a subtask, or an end of a stream or future. */
export abstract class Waitable {
  #pending: (() => Event) | undefined;
  #set: WaitableSet | undefined;

  /** What is to be told next; told when somebody waits for it, as things are then. */
  setPending(event: () => Event): void {
    this.#pending = event;
    this.#set?.note(this);
  }

  get hasPending(): boolean {
    return this.#pending !== undefined;
  }

  /** The set that it is in, if any. */
  get set(): WaitableSet | undefined {
    return this.#set;
  }

  takePending(): Event {
    const event = this.#pending;
    this.#pending = undefined;
    this.#set?.forget(this);
    return event?.() ?? NO_EVENT;
  }

  join(set: WaitableSet | undefined): void {
    this.#set?.remove(this);
    this.#set = set;
    set?.add(this, this.hasPending);
  }
}

/** Waitables that are waited for together. */
export class WaitableSet {
  readonly #members = new Set<Waitable>();
  /** Those with something to tell, the first to have had it first. */
  readonly #pending = new Set<Waitable>();
  /** How many wait on it. */
  waiting = 0;

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  add(member: Waitable, hasPending: boolean): void {
    this.#members.add(member);
    if (hasPending) this.#pending.add(member);
  }

  remove(member: Waitable): void {
    this.#members.delete(member);
    this.#pending.delete(member);
  }

  note(member: Waitable): void {
    this.#pending.add(member);
  }

  forget(member: Waitable): void {
    this.#pending.delete(member);
  }

  takePending(): Event {
    for (const member of this.#pending) return member.takePending();
    return NO_EVENT;
  }

  /** Traps unless nothing is in it and nobody waits on it. */
  assertUnused(): void {
    if (this.#members.size > 0) trap("dropped a waitable set that is not empty");
    if (this.waiting > 0) trap("dropped a waitable set that is waited on");
  }
}
