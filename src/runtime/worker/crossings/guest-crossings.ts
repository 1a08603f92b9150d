import type { Transferable } from "node:worker_threads";
import { PAGE_BYTES } from "../../../shared/page-bytes.ts";
import type { Crossing } from "../../crossings/crossing-room.ts";
import { givenBy, withGiven } from "../../crossings/given-value.ts";
import { isBulky, pack, type Packed } from "../../crossings/parcel.ts";
import type { SentOutcome, WorkerOutcome } from "../../messages.ts";
import type { HostCallGate } from "../host-call-gate.ts";
import { isLargerThan } from "../metering/value-size.ts";
import type { HeldRoom, RoomQueue } from "./room-queue.ts";

/** What the crossings of one invocation need. */
export interface GuestCrossingsParts {
  readonly queues: Readonly<Record<Crossing, RoomQueue>>;
  readonly gate: Pick<HostCallGate, "wait">;
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
  #result: HeldRoom | undefined;
  #kept: PackedResult | undefined;

  constructor(parts: GuestCrossingsParts) {
    this.#parts = parts;
  }

  /** Waits where nothing more may cross; see `EngineEnvironment`. */
  waitForRoom(crossing: Crossing): Promise<() => void> | undefined {
    const { queues, gate, signal, crossingBytes } = this.#parts;
    const queue = queues[crossing];
    if (!queue.isFull) return undefined;
    const granted = gate.wait(queue.wait(crossingBytes, signal), { unwanted: (room) => room.release() });
    return granted.then((room) => () => room.release());
  }

  /** The arguments of a host function were lifted, and are held until it answers. */
  argumentsLifted(): HeldRoom | undefined {
    const { queues, taken, copied } = this.#parts;
    copied(taken());
    return queues.arguments.hold(taken());
  }

  /** A result was made, of so many bytes. */
  resultLifted(bytes: number = this.#parts.taken()): void {
    this.#parts.copied(bytes);
    this.#result?.release();
    this.#result = this.#parts.queues.results.hold(bytes);
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
      return { sent: { outcome, isParcel: false, heldUnits: this.#result?.handOver() ?? 0 }, transfer: [] };
    }
    const { parcel, transfer, bytes } = kept.packed;
    this.#result ??= this.#parts.queues.results.hold(bytes);
    this.#dropKept();
    const heldUnits = this.#result?.handOver() ?? 0;
    return { sent: { outcome: withGiven(outcome, parcel), isParcel: true, heldUnits }, transfer };
  }

  /** Nothing of it is on its way any more, but what was sent. */
  release(): void {
    this.#letGo();
    this.#kept?.packed.parcel.pieces.close();
    this.#dropKept();
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
