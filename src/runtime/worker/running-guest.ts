import type { ExportPath } from "../messages.ts";

/** A break of a guest's, in which nothing of it goes on. */
export interface Interruption {
  /** It goes on with what `give` gives, by settling what its stack is suspended by. */
  readonly resume: <T>(settle: PromiseWithResolvers<T>, give: () => T) => void;
  /** It could not be suspended, and goes on at once. */
  readonly cancel: () => void;
}

/** An instance of a program, whatever it is made of. */
export interface RunningGuest {
  /** Makes its core instances, and runs their start functions. */
  readonly instantiate: () => Promise<void>;
  /**
   * Calls an exported function. What it returns is in the shapes of docs/values.md; an `err` is thrown, with a `payload`.
   *
   * @param toTheEnd Whether what it does after it has returned is waited for.
   */
  readonly call: (target: ExportPath, parameters: readonly unknown[], toTheEnd: boolean) => Promise<unknown>;
  /** Lets go of handles that the embedder has of it; what it does for that is waited for. */
  readonly release: (handles: readonly number[]) => Promise<void>;
  /** Its stack is to be suspended for a break; undefined where it cannot be. */
  readonly interrupt: () => Interruption | undefined;
  /** Nothing of it goes on, and whoever waits for it is told. */
  readonly end: () => void;
  /** Lets go of what it holds of the host. */
  readonly dispose: () => void;
  /**
   * Its core instances, which the engine keeps for a while, are to keep nothing else of it. Only when {@link isSettled}: what they called
   * would not be refused as it is where an invocation is over.
   */
  readonly unlink: () => void;
  /** Whether, after a call that returned, nothing is left that could read or write its memories. */
  readonly isSettled: boolean;
  /** The most handles that it held at once. */
  readonly handlesHighWater: number;
}

/** That of a guest that has one stack, which is suspended by what it waits for. */
export const NO_INTERRUPTION: Interruption = {
  resume: ({ resolve, reject }, give) => {
    try {
      resolve(give());
    } catch (thrown) {
      reject(thrown);
    }
  },
  cancel: () => undefined,
};
