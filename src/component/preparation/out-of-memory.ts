import { CordonError } from "../../shared/errors.ts";

/** Whether a worker thread ended because its heap was full. */
export function isOutOfMemory(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}

/** A component is refused that takes more than this heap to load, in MiB. */
export function tooLarge(heapMb: number): CordonError {
  return new CordonError("limit", `Cannot load the component: preparing it took over ${heapMb} MiB`, {
    limit: { limit: "host-memory", cap: heapMb * 1024 * 1024 },
  });
}
