import type { Transferable } from "node:worker_threads";
import { PAGE_BYTES } from "../../../shared/plan/page-bytes.ts";
import type { Crossing, HeldUnits } from "../../crossings/crossing-room.ts";
import { givenBy, withGiven } from "../../crossings/given-value.ts";
import { isBulky, pack, type Packed } from "../../crossings/parcel.ts";
import type { SentOutcome, WorkerOutcome } from "../../messages.ts";
import type { Room } from "../../engine/environment.ts";
import type { HostCallGate } from "../host-call-gate.ts";
import { isLargerThan } from "../metering/value-size.ts";
import { COUNTED_BYTES, type HeldRoom, type RoomQueue } from "./room-queue.ts";

/** What the crossings of one invocation need. */
export interface GuestCrossingsParts {
  readonly queues: Readonly<Record<Crossing, RoomQueue>>;
  readonly gate: Pick<HostCallGate, "wait">;
  /** The program's of the room. */
  readonly share: number;
  /** Aborted when nothing is waited for any more. */
  readonly signal: AbortSignal;
  /** What one value may take at most, in bytes. */
  readonly crossingBytes: number;
  /** Ends the invocation, since a value takes more. */
  readonly exceeded: () => void;
  /** What the value that was lifted last took, in bytes. */
  readonly taken: () => number;
  /** Notes that so many bytes were copied onto the thread's heap. */
  readonly copied: (bytes: number) => void;
  /** Adds to the pages that the memories of the thread's guests have. */
  readonly tally: (pages: number) => void;
}

/**
 * What a call takes that goes on beside its guest, apart from its arguments, in bytes: promises, listeners and messages here and on the
 * embedder's thread. A guest has thousands of them under way where it has one other call.
 */
const BESIDE_BYTES = 16 * 1024;

/** An outcome as it goes to the main thread, and what is handed over with it. */
export interface SendableOutcome {
  readonly sent: SentOutcome;
  readonly transfer: readonly Transferable[];
}

/** A result that was packed. One that waits for the end of its task is counted with the guest's memory. */
class PackedResult {
  readonly packed: Packed;
  readonly pages: number;

  constructor(packed: Packed, isHeld: boolean) {
    this.packed = packed;
    this.pages = isHeld ? Math.ceil(packed.bytes / PAGE_BYTES) : 0;
  }
}

/** The large values of one invocation that are on their way to the embedder, each counted from when it is made to when it is handed on. */
export class GuestCrossings {
  readonly #parts: GuestCrossingsParts;
  /** Room for values that may not have been lifted yet. */
  readonly #granted = new Set<HeldRoom>();
  /** What calls that go on beside the guest take and is not counted, in bytes. */
  #uncounted = 0;
  #result: HeldRoom | undefined;
  #kept: PackedResult | undefined;

  constructor(parts: GuestCrossingsParts) {
    this.#parts = parts;
  }

  /** Room for a value, where it has to wait for that; see `EngineEnvironment`. */
  roomFor(
    crossing: Crossing,
    areWithin: (bytes: number) => boolean,
    isBeside: boolean = false,
  ): Promise<HeldRoom> | undefined {
    const { queues, share, signal, crossingBytes } = this.#parts;
    const queue = queues[crossing];
    if (!queue.isFullFor(share)) return undefined;
    const uncounted = isBeside ? COUNTED_BYTES - this.#uncounted - BESIDE_BYTES : COUNTED_BYTES;
    if (uncounted >= 0 && areWithin(uncounted)) return undefined;
    return queue.wait(share, crossingBytes, signal).then((room) => {
      this.#granted.add(room);
      return room;
    });
  }

  /** The same, for a guest that waits for it: resolves when it has the thread again. */
  waitForRoom(crossing: Crossing, areWithin: (bytes: number) => boolean): Promise<HeldRoom> | undefined {
    const room = this.roomFor(crossing, areWithin);
    return room === undefined ? undefined : this.#parts.gate.wait(room);
  }

  /**
   * The arguments of a host function were lifted, and are held until it answers.
   *
   * @param isBeside Whether the guest goes on meanwhile, and may have any number of such calls under way. All of them together are small, or
   *   are counted.
   */
  argumentsLifted(isBeside: boolean): Room | undefined {
    const { queues, share, taken, copied } = this.#parts;
    copied(taken());
    if (!isBeside) return queues.arguments.hold(share, taken());
    const bytes = taken() + BESIDE_BYTES;
    if (this.#uncounted + bytes > COUNTED_BYTES) return queues.arguments.take(share, bytes);
    this.#uncounted += bytes;
    return { release: () => void (this.#uncounted -= bytes) };
  }

  /** A result was made, of so many bytes. */
  resultLifted(bytes: number = this.#parts.taken()): void {
    this.#parts.copied(bytes);
    this.#result?.release();
    this.#result = this.#parts.queues.results.hold(this.#parts.share, bytes);
  }

  /**
   * Takes a result off the heap when it is large, as {@link sendable} gives it back. It is done while the guest still has the processor:
   * what a guest makes the thread do is done in its name.
   *
   * @param isHeld Whether it is not sent before its task has ended, which others are not kept waiting for.
   */
  keep(value: unknown, isHeld: boolean): unknown {
    if (this.#result === undefined || !isBulky(value)) return value;
    if (isLargerThan(value, this.#parts.crossingBytes)) {
      this.#parts.exceeded();
      return undefined;
    }
    const kept = new PackedResult(pack(value), isHeld);
    this.#parts.tally(kept.pages);
    this.#kept = kept;
    if (isHeld) this.#letGo();
    return kept;
  }

  /** The embedder has a result, though the call goes on. */
  resultHandedOn(): void {
    this.#letGo();
  }

  /** What is sent for an outcome. The main thread gives back the room of a result when it has handed it on. */
  sendable(outcome: WorkerOutcome): SendableOutcome {
    const kept = this.#kept;
    if (kept === undefined || givenBy(outcome) !== kept) {
      return { sent: { outcome, isParcel: false, held: this.#handOver() }, transfer: [] };
    }
    const { parcel, transfer, bytes } = kept.packed;
    this.#result ??= this.#parts.queues.results.hold(this.#parts.share, bytes);
    this.#dropKept();
    return { sent: { outcome: withGiven(outcome, parcel), isParcel: true, held: this.#handOver() }, transfer };
  }

  /** Nothing of it is on its way any more, but what was sent. */
  release(): void {
    this.#letGo();
    this.#kept?.packed.parcel.pieces.close();
    this.#dropKept();
  }

  /** The invocation is over: what was granted and not used is given back. */
  close(): void {
    for (const room of this.#granted) room.release();
    this.#granted.clear();
  }

  #handOver(): HeldUnits {
    return this.#result?.handOver() ?? { units: 0, share: this.#parts.share };
  }

  #letGo(): void {
    this.#result?.release();
    this.#result = undefined;
  }

  #dropKept(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined) return;
    this.#parts.tally(-kept.pages);
  }
}
