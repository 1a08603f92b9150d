import { setImmediate } from "node:timers/promises";
import { opened, type Parcel } from "./parcel.ts";

/** How long parcels are opened before the event loop goes round, in milliseconds. */
const TURN_MS = 8;

/** Opens the parcels that come to a thread, one after the other, in turns: whoever waits for other things there does not wait for them. */
export class ParcelOpener {
  #last: Promise<void> = Promise.resolve();

  /** The value. */
  open(parcel: Parcel): Promise<unknown> {
    const value = this.#last.then(() => inTurns(parcel));
    // Without the value, which would be kept until the next comes.
    this.#last = value.then(nothing, nothing);
    return value;
  }
}

async function inTurns(parcel: Parcel): Promise<unknown> {
  // What is received in one turn may be several parcels, and the first part of each.
  await setImmediate();
  const steps = opened(parcel);
  for (let since = performance.now(); ;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - since < TURN_MS) continue;
    await setImmediate();
    since = performance.now();
  }
}

function nothing(): void {}
