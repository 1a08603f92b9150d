import type { CoreModuleShape } from "../../shared/plan/core-module.ts";
import type { Artifact } from "../artifact.ts";
import { boundInstances } from "../bound-instances.ts";
import { boundedTypeKeys, boundTypes } from "../bound-types.ts";
import type { ArtifactRequest } from "../preparation/build-artifact.ts";
import { type AdmitTypes, hardenCore } from "../preparation/harden-core.ts";
import { coreInterface } from "./core-interface.ts";

const CORE = "core";

/**
 * The artifact of a core module that is run as it is: the module, hardened.
 *
 * @param admitTypes Called with its types if the engine is to validate it.
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export function coreArtifact(
  { component, digest, sharedMemory }: ArtifactRequest,
  shape: CoreModuleShape,
  admitTypes: AdmitTypes,
): Artifact {
  boundTypes([component]);
  const core = {
    name: CORE,
    ...hardenCore(component, { threads: sharedMemory, admitTypes }),
  };
  const typeKeys = boundedTypeKeys([core]);
  const { tables, heapBytes } = boundInstances([core], [CORE]);
  return {
    digest,
    interface: coreInterface(shape),
    modules: [{ name: CORE, bytes: core.bytes, memories: core.memories }],
    instantiations: [CORE],
    core: shape,
    tables,
    heapBytes,
    typeKeys,
  };
}
