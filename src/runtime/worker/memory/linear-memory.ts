import type { MemoryRequest } from "./guest-memory.ts";

/** A linear memory as it is asked for. */
export function linearMemory({ initialPages, maximumPages, address64, shared }: MemoryRequest): WebAssembly.Memory {
  const descriptor = address64
    ? { initial: BigInt(initialPages), maximum: BigInt(maximumPages), address: "i64", shared }
    : { initial: initialPages, maximum: maximumPages, shared };
  return new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor);
}
