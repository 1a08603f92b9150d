import { readFile } from "node:fs/promises";
import type { Artifact } from "../../src/component/artifact.ts";
import { ArtifactCache } from "../../src/component/artifact-cache.ts";
import { digestOf } from "../../src/component/digest.ts";
import { prepare } from "../../src/component/prepare.ts";

/** The artifact that the sandbox would make of a component, kept in the given folder. */
export async function artifactOf(path: string, directory: string): Promise<Artifact> {
  const component = await readFile(path);
  const cache = new ArtifactCache({ directory });
  return prepare({ component, digest: await digestOf(component), sharedMemory: false, cache });
}
