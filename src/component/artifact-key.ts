import { createHash } from "node:crypto";
import { HARDENING_PROFILE } from "../shared/hardening-profile.ts";
import { JSON_ABI_GLUE_HASH } from "./core/json-abi-glue-text.ts";
import { TRANSPILER_VERSION } from "./transpile/version.ts";

/** Format of the artifact file and of the glue's surroundings; raise it when either changes. */
const ARTIFACT_FORMAT = 35;

/** What an artifact is made from, the bundled tools aside. */
export interface ArtifactSource {
  readonly digest: string;
  /** The host functions that may suspend a guest, as `interface#function`; the glue depends on them. */
  readonly blocking: readonly string[];
  /** Whether shared memory and atomic instructions are not refused. */
  readonly sharedMemory: boolean;
}

/** The cache key of a component's artifact: everything that decides its content. */
export function artifactKey({ digest, blocking, sharedMemory }: ArtifactSource): string {
  const parts = [
    digest,
    sharedMemory,
    ARTIFACT_FORMAT,
    TRANSPILER_VERSION,
    JSON_ABI_GLUE_HASH,
    HARDENING_PROFILE,
    ...[...blocking].sort(),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
