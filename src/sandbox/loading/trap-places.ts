import { digestOf } from "../../component/digest.ts";
import { runLoad } from "../../component/load/load.ts";
import type { ModulePositions } from "../../component/preparation/messages.ts";
import { positionsInWorker } from "../../component/preparation/in-worker.ts";
import { trapPlace } from "../../component/trap-place.ts";
import type { GuestFrame } from "../../runtime/messages.ts";
import type { TrapFrame } from "../../shared/errors.ts";
import { keepPositions, knownPositions } from "./known-positions.ts";
import type { Rereadable } from "./rereadable.ts";
import { beginReading } from "./source.ts";

/** How long a trap waits for its places, in milliseconds. They are had once for a component, in about the time of a load. */
const MOST_WAIT_MS = 10_000;

/** What the places of traps are found by. */
export interface TrapPlacesParts {
  readonly again: Rereadable;
  /** Of the component that was loaded. */
  readonly digest: string;
  readonly sharedMemory: boolean;
  readonly maxBytes: number;
}

/**
 * Says where in a component's file its traps were. Hardening moves code, and nothing of where it was is kept. So the component is read
 * again at the first trap, and hardened again if it is still the same; what comes of that is kept for the next.
 */
export class TrapPlaces {
  readonly #digest: string;
  readonly #sharedMemory: boolean;
  readonly #maxBytes: number;
  readonly #again: Rereadable;
  readonly #closed = new AbortController();
  #finding: Promise<readonly ModulePositions[]> | undefined;

  constructor({ again, digest, sharedMemory, maxBytes }: TrapPlacesParts) {
    this.#digest = digest;
    this.#sharedMemory = sharedMemory;
    this.#maxBytes = maxBytes;
    this.#again = again;
  }

  /** The frames of a trap as they are told. Never rejects. */
  async of(frames: readonly GuestFrame[]): Promise<readonly TrapFrame[]> {
    if (frames.length === 0) return [];
    const key = `${this.#digest} ${this.#sharedMemory}`;
    const known = knownPositions(key) ?? (await (this.#finding ??= this.#find(key).catch(() => [])));
    return frames.flatMap((frame) => placed(frame, known[frame.module]) ?? []);
  }

  /** Gives up what is being found. */
  close(): void {
    this.#closed.abort(new Error("the sandbox was closed"));
  }

  #find(key: string): Promise<readonly ModulePositions[]> {
    const source = this.#again();
    if (source === undefined) return Promise.resolve([]);
    return runLoad(
      async ({ signal, hold }) => {
        const { bytes } = await beginReading(source, this.#maxBytes)(signal);
        if ((await digestOf(bytes, signal)) !== this.#digest) return [];
        const request = { component: bytes, digest: this.#digest, sharedMemory: this.#sharedMemory };
        const found = await positionsInWorker(request, { signal, takesBytes: true, onEnding: hold });
        keepPositions(key, found);
        return found;
      },
      { signal: this.#closed.signal, timeoutMs: MOST_WAIT_MS },
    );
  }
}

/** A frame with its places, or none where it is a function of hardening's own. */
function placed({ position, ...frame }: GuestFrame, known: ModulePositions | undefined): TrapFrame | undefined {
  const unknown: TrapFrame = { ...frame, offset: undefined, fileOffset: undefined };
  if (known === undefined) return unknown;
  const place = trapPlace(known, frame.index, position);
  return place === "added" ? undefined : { ...unknown, ...place };
}
