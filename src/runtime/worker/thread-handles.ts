import type { HandleRoom } from "../engine/environment.ts";

/**
 * How many handles all guests of a thread hold about: each is some objects on its heap, which ends the thread when it is full. A guest
 * that may have more by itself, since its operator said so, finds room for them where there are no others.
 */
const MAX_OF_THREAD = 65_536;

/** How many any guest may hold, whatever the others do. */
const ALWAYS = 128;

/** What a handle takes of the thread's heap, roughly, in bytes. */
export const HANDLE_BYTES = 512;

/** Handles, tasks and the like that all guests of a thread hold together. */
export class ThreadHandles implements HandleRoom {
  #held = 0;

  /**
   * Takes one more for a guest that has `own`, if it may: a part of what is left, so that no few of them take all.
   *
   * @param cap How many it may have by itself.
   */
  take(own: number, cap: number): boolean {
    const most = Math.max(MAX_OF_THREAD, 2 * cap);
    if (own >= Math.max(ALWAYS, (most - (this.#held - own)) / 2)) return false;
    this.#held += 1;
    return true;
  }

  giveBack(count: number): void {
    this.#held -= count;
  }
}
