import { type Artifact, readArtifact } from "./artifact.ts";
import type { ArtifactCache } from "./artifact-cache.ts";
import { artifactKey } from "./artifact-key.ts";
import { artifactInWorker, type PrepareOptions } from "./preparation/in-worker.ts";

/** A component to make ready. */
export interface PrepareRequest {
  /** Of no use to the caller afterwards: a thread may have taken them. */
  readonly component: Uint8Array;
  readonly digest: string;
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
export async function prepare(request: PrepareRequest, options: PrepareOptions = {}): Promise<Artifact> {
  const { component, digest, sharedMemory, cache } = request;
  const key = artifactKey({ digest, sharedMemory });
  const cached = await cache?.get(key, digest, options.signal);
  if (cached !== undefined) return cached;
  const encoded = await artifactInWorker({ component, digest, sharedMemory }, options);
  await cache?.put(key, encoded);
  options.onStage?.("done");
  return readArtifact(encoded);
}
