import { type Artifact, readArtifact } from "./artifact.ts";
import type { ArtifactCache } from "./artifact-cache.ts";
import { artifactKey } from "./artifact-key.ts";
import { transpile, type TranspileOptions } from "./transpile/transpile.ts";

/** A component to make ready. */
export interface PrepareRequest {
  /** Of no use to the caller afterwards: a thread may have taken them. */
  readonly component: Uint8Array;
  readonly digest: string;
  /** The host functions that may suspend a guest, as `interface#function`. */
  readonly blocking: readonly string[];
  /** Whether shared memory and atomic instructions are not refused. */
  readonly sharedMemory: boolean;
  /** Where artifacts are kept; without it, nothing is read from disk or written to it. */
  readonly cache?: ArtifactCache | undefined;
}

/**
 * The artifact of a component: from the cache, or made and kept.
 *
 * @throws CordonError `invalid-component`, `unsupported`, `limit` or `cancelled`.
 */
export async function prepare(request: PrepareRequest, options: TranspileOptions = {}): Promise<Artifact> {
  const { component, digest, blocking, sharedMemory, cache } = request;
  const key = artifactKey({ digest, blocking, sharedMemory });
  const cached = await cache?.get(key, digest, options.signal);
  if (cached !== undefined) return cached;
  const encoded = await transpile({ component, digest, blocking, sharedMemory }, options);
  await cache?.put(key, encoded);
  return readArtifact(encoded);
}
