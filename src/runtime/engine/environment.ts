import type { StreamAsk } from "./streams/messages.ts";
import type { Charges } from "../abi/context.ts";
import type { Crossing } from "../crossings/crossing-room.ts";

/** A function of the host's that a component imports, for one invocation. */
export interface HostImport {
  /** Whether it may answer with a promise, for which the guest is suspended. */
  readonly blocking: boolean;
  /** Whether it may be given much, which is held until it answers: it is called when there is room for that. */
  readonly takesMuch?: boolean;
  /**
   * Does the call: takes and gives values in the shapes of docs/values.md, host objects for handles. What it throws is a
   * trap.
   *
   * @param owned The objects that are handed over to it. They are its own to dispose of, unless it fails.
   * @param cancelled Aborted when the guest cancels the call.
   */
  readonly call: (parameters: readonly unknown[], owned: readonly unknown[], cancelled?: AbortSignal) => unknown;
  /** Disposes of an answer that the guest is not given. */
  readonly discard: (value: unknown) => void;
}

/** Room for a value that is about to be lifted. It is given back then, when it takes only as much as it needs. */
export interface Room {
  readonly release: () => void;
}

/** Stacks of calls between components. */
export interface NestedStackLimit {
  /** How many there are. */
  readonly held: number;
  /** What each may hold that is suspended while there are as many, in bytes; undefined for as much as there is. */
  readonly allowedBytes: number | undefined;
  /** Takes one more; false where there may be no more. */
  readonly take: () => boolean;
  readonly giveBack: () => void;
}

/** Handles and the like that all guests of a thread hold together. */
export interface HandleRoom {
  /** Takes one more for a guest that holds so many, and may hold `cap` by itself; false where it may not have it. */
  readonly take: (held: number, cap: number) => boolean;
  readonly giveBack: (count: number) => void;
}

/** What the engine needs of the worker that it runs in, for one invocation. */
export interface EngineEnvironment {
  /** How many handles and other things its tables may hold together. */
  readonly maxHandles: number;
  readonly charges: Charges;
  /** @throws Error when the invocation is over, or the host has no stack left for a call. */
  readonly admit: () => void;
  /** Ends the invocation for what was thrown: whatever the guest catches, it does not go on. */
  readonly fail: (thrown: unknown) => void;
  readonly stacks: NestedStackLimit;
  /** What all guests of the thread hold together. */
  readonly handles: HandleRoom;
  /** Ends the invocation since it holds {@link maxHandles}, or so many that there is no room for more. */
  readonly tooManyHandles: (held: number) => never;
  /** Leaves the thread to others: the guest has nothing to do until something happens. */
  readonly leave: () => void;
  /** Resolves when the guest has the thread again. */
  readonly comeBack: () => Promise<void>;
  /**
   * Waits for the host, while the guest has left the thread; resolves when it has it again.
   *
   * @param unwanted Takes an answer that came after the guest's end.
   */
  readonly waitFor: <T>(answer: Promise<T>, unwanted: (answer: T) => void) => Promise<T>;
  /**
   * Where no further value of the guest's may cross to the host for now: room for one, when there is some. Undefined where none has to wait.
   *
   * @param areWithin Whether what is to cross takes no more than so many bytes, which never waits.
   * @param isBeside Whether it is for a call that the guest does not wait for, of which only a few never wait.
   */
  readonly roomFor: (
    crossing: Crossing,
    areWithin: (bytes: number) => boolean,
    isBeside?: boolean,
  ) => Promise<Room> | undefined;
  /** A result for the embedder has been lifted, and is held until it is handed on. */
  readonly resultLifted: () => void;
  /** The guest has dropped the last handle of an object of the host's. */
  readonly dispose: (object: unknown) => void;
  /** Asks the embedder's end of a stream or future for something. Rejects when it fails, and when the invocation is over. */
  readonly askStream: (ask: StreamAsk) => Promise<unknown>;
  /** Whether the invocation is over. */
  readonly isOver: () => boolean;
  /** Whether nobody calls it, and nothing of it goes on until somebody does. */
  readonly isPaused: () => boolean;
}
