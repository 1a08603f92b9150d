import { resolve } from "node:path";
import type { ComponentSource } from "./source.ts";

/** Gives what a component can be read from once more; undefined when that is gone. Holds no bytes. */
export type Rereadable = () => ComponentSource | undefined;

/** The files that bytes were read from, for those who read them before they open them. */
const files = new WeakMap<object, string>();

/** Says that bytes that are going to be opened are a file's. */
export function cameFrom(bytes: Uint8Array, path: string): void {
  files.set(bytes, path);
}

/** How to read a source again. What was read from a stream is gone, and bytes are the caller's, who may let go of them. */
export function rereadable(source: ComponentSource): Rereadable {
  if (source instanceof URL) return () => source;
  if (typeof source === "string") {
    // The current folder may be another by then.
    const path = resolve(source);
    return () => path;
  }
  if (typeof source !== "object" || source === null) return () => undefined;
  const file = files.get(source);
  if (file !== undefined) return () => file;
  if (source instanceof Response || source instanceof ReadableStream) return () => undefined;
  const held = new WeakRef(source);
  return () => held.deref();
}
