import { type MessagePort, Worker } from "node:worker_threads";
import { workerUrl } from "../../shared/machine/bundled.ts";
import { workerEnvironment } from "../../shared/machine/worker-environment.ts";
import type { RoomOfWorker } from "../crossings/crossing-room.ts";
import { guestStackBytes } from "../guest-stack.ts";

/** Heap of a worker, in MiB. The engine decodes guest strings into it, so it bounds what they can make the host hold. */
export const WORKER_HEAP_MB = 256;

/** What the stack of one guest can take, in bytes. */
export const GUEST_STACK_BYTES: number = guestStackBytes();

/** What a thread for guests shares with the main one. */
export interface SharedWithThread {
  /** That of `thread-slots.ts`. */
  readonly memory: WebAssembly.Memory;
  /** The ring that it writes events into. */
  readonly events: SharedArrayBuffer;
  readonly room: RoomOfWorker;
  /** Policies come by it, and are looked for when the word of `memory` says so. Handed over. */
  readonly policies: MessagePort;
}

/** What a thread for guests begins with. */
export interface GuestThreadData extends SharedWithThread {
  readonly stackBytes: number;
}

/**
 * Starts a thread that guests run on. It inherits nothing.
 *
 * @param flags Flags of Node for it.
 * @throws Error where the system has no thread or memory for it.
 */
export function startGuestThread(shared: SharedWithThread, flags: readonly string[]): Worker {
  const data: GuestThreadData = { ...shared, stackBytes: GUEST_STACK_BYTES };
  const worker = new Worker(workerUrl("guest-worker"), {
    workerData: data,
    transferList: [shared.policies],
    argv: [],
    env: workerEnvironment(),
    execArgv: [...flags],
    stdin: false,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB },
    name: "cordon-guests",
  });
  worker.unref();
  return worker;
}
