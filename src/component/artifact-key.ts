import { nodeCrypto } from "../shared/node-modules.ts";
import { HARDENING_PROFILE } from "../shared/plan/hardening-profile.ts";

/** Format of the artifact file and of plans; raise it when either changes. */
const ARTIFACT_FORMAT = 37;

/** What an artifact is made from. */
export interface ArtifactSource {
  readonly digest: string;
  /** Whether shared memory and atomic instructions are not refused. */
  readonly sharedMemory: boolean;
}

/** The cache key of a component's artifact: everything that decides its content. */
export function artifactKey({ digest, sharedMemory }: ArtifactSource): string {
  const parts = [digest, sharedMemory, ARTIFACT_FORMAT, HARDENING_PROFILE];
  return nodeCrypto().createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
