import type { MemoryRequest } from "../worker/memory/guest-memory.ts";

/** The memories of an instance, by the names its module imports them by. */
export function linearMemories(requests: readonly MemoryRequest[]): Record<string, WebAssembly.Memory> {
  const memories = Object.create(null) as Record<string, WebAssembly.Memory>;
  for (const { field, initialPages, maximumPages, address64, shared } of requests) {
    const descriptor = address64
      ? { initial: BigInt(initialPages), maximum: BigInt(maximumPages), address: "i64", shared }
      : { initial: initialPages, maximum: maximumPages, shared };
    memories[field] = new WebAssembly.Memory(descriptor as WebAssembly.MemoryDescriptor);
  }
  return memories;
}
