import type { HostContext } from "../capability.ts";
import { clockOf } from "../clocks/clock-of.ts";
import { timer } from "../clocks/timer.ts";
import type { CoreFunction, CoreGuest } from "../core/core-function.ts";
import type { LinearMemory } from "../core/linear-memory.ts";
import { statsOfDescriptor } from "../filesystem/wasi/recorded-operations.ts";
import type { Waitable } from "../io/streams.ts";
import { waitForAny } from "../io/wait-for-any.ts";
import { assertClock, CLOCK } from "./clocks.ts";
import { blocking } from "./define.ts";
import { descriptorsOf } from "./descriptor-table.ts";
import { ERRNO, Preview1Error, valueOf } from "./errno.ts";
import type { OpenDescriptor } from "./open-descriptors.ts";
import { acceptable, listening } from "./sockets.ts";

const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const ABSOLUTE = 1;
const HANGUP = 1;

/** `eventtype`. */
const EVENT = { clock: 0, read: 1, write: 2 } as const;

/** Something that a guest subscribed to. */
interface Subscription {
  readonly userData: bigint;
  readonly type: number;
  /** What it waits for; `undefined` when it happens at once. */
  readonly on: Waitable | undefined;
  /** What it failed with, or 0. */
  readonly errno: number;
  /** Asked when it happens. */
  readonly state: () => ReadWriteState;
}

/** What the event of a descriptor says of it. */
interface ReadWriteState {
  /** How many bytes there are to be read, or written; 1 where that is not known. */
  readonly bytes: bigint;
  readonly hangup: boolean;
}

const NOTHING_SAID: ReadWriteState = { bytes: 0n, hangup: false };
const READY: ReadWriteState = { bytes: 1n, hangup: false };

export const POLL: CoreFunction = blocking({
  name: "poll_oneoff",
  parameters: ["i32", "i32", "i32", "i32"],
  call: ({ context, memory }: CoreGuest, from, events, count, result) => {
    memory.assertPlace(result, 4);
    // More than there can be descriptors repeat themselves.
    if (count === 0 || count > context.limits.maxHandles) throw new Preview1Error(ERRNO.invalid);
    memory.assertPlace(from, count * SUBSCRIPTION_BYTES, 8);
    memory.assertPlace(events, count * EVENT_BYTES, 8);
    const subscriptions = Array.from({ length: count }, (_, index) =>
      subscriptionAt(context, memory, from + index * SUBSCRIPTION_BYTES),
    );
    const tell = (): boolean => writeEvents(memory, subscriptions, events, result);
    if (tell()) return undefined;
    const waitables = new Set(subscriptions.flatMap(({ on }) => on ?? []));
    return waitForAny([...waitables], context.signal).then(() => void tell());
  },
});

/** Writes what has happened. Whether anything has. */
function writeEvents(
  memory: LinearMemory,
  subscriptions: readonly Subscription[],
  events: number,
  result: number,
): boolean {
  let happened = 0;
  for (const { userData, type, on, errno: failure, state } of subscriptions) {
    if (on?.ready() === false) continue;
    const at = events + happened * EVENT_BYTES;
    const { errno, bytes, hangup } = failure === 0 ? stateNow(state) : { errno: failure, ...NOTHING_SAID };
    memory.bytes(at, EVENT_BYTES).fill(0);
    memory.setU64(at, userData);
    memory.setU16(at + 8, errno);
    memory.setU8(at + 10, type);
    memory.setU64(at + 16, bytes);
    memory.setU16(at + 24, hangup ? HANGUP : 0);
    happened += 1;
  }
  memory.setU32(result, happened);
  return happened > 0;
}

/** A descriptor that cannot be asked is an event of its own: the others are reported all the same. */
function stateNow(state: () => ReadWriteState): ReadWriteState & { readonly errno: number } {
  try {
    return { errno: 0, ...state() };
  } catch (thrown) {
    if (!(thrown instanceof Preview1Error)) throw thrown;
    return { errno: thrown.errno, ...NOTHING_SAID };
  }
}

function subscriptionAt(context: HostContext, memory: LinearMemory, at: number): Subscription {
  const userData = memory.u64(at);
  const type = memory.u8(at + 8);
  try {
    switch (type) {
      case EVENT.clock:
        return { userData, type, on: clockAt(context, memory, at + 16), errno: 0, state: () => NOTHING_SAID };
      case EVENT.read:
        return { userData, type, errno: 0, ...readable(context, descriptorsOf(context).get(memory.u32(at + 16))) };
      case EVENT.write:
        return { userData, type, errno: 0, ...writable(descriptorsOf(context).get(memory.u32(at + 16))) };
    }
  } catch (thrown) {
    if (!(thrown instanceof Preview1Error)) throw thrown;
    // The others are still waited for: an error is an event of its subscription.
    return { userData, type, on: undefined, errno: thrown.errno, state: () => NOTHING_SAID };
  }
  throw new Preview1Error(ERRNO.invalid);
}

function clockAt(context: HostContext, memory: LinearMemory, at: number): Waitable {
  const id = memory.u32(at);
  const timeout = memory.u64(at + 8);
  const flags = memory.u16(at + 24);
  assertClock(id);
  if (flags > ABSOLUTE) throw new Preview1Error(ERRNO.invalid);
  const clock = clockOf(context);
  if (flags !== ABSOLUTE) return timer(clock, clock.after(timeout));
  if (id === CLOCK.monotonic) return timer(clock, timeout);
  const left = timeout - clock.wall();
  return timer(clock, clock.after(left > 0n ? left : 0n));
}

type Readiness = Pick<Subscription, "on" | "state">;

function readable(context: HostContext, open: OpenDescriptor): Readiness {
  switch (open.kind) {
    case "input":
      return { on: open.stream, state: () => READY };
    case "file":
      return {
        on: undefined,
        state: () => {
          const { size } = valueOf(statsOfDescriptor(context, open.descriptor, "stat"));
          return size > open.position ? { bytes: size - open.position, hangup: false } : { bytes: 0n, hangup: true };
        },
      };
    case "connection":
      return { on: open.peeked.length > 0 ? undefined : open.input, state: () => READY };
    case "listener":
      return { on: acceptable(listening(context, open)), state: () => READY };
    default:
      throw new Preview1Error(ERRNO.badDescriptor);
  }
}

function writable(open: OpenDescriptor): Readiness {
  switch (open.kind) {
    case "output":
      return { on: open.stream, state: () => READY };
    case "file":
      return { on: undefined, state: () => READY };
    case "connection":
      return { on: open.output, state: () => READY };
    default:
      throw new Preview1Error(ERRNO.badDescriptor);
  }
}
