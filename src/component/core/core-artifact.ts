import { hardenModule } from "../../hardening/harden-module.ts";
import type { CoreModuleShape } from "../../shared/core-module.ts";
import type { Artifact } from "../artifact.ts";
import { boundInstances } from "../bound-instances.ts";
import { boundedTypeKeys, boundTypes } from "../bound-types.ts";
import type { ArtifactRequest } from "../preparation/build-artifact.ts";
import { coreInterface } from "./core-interface.ts";

const CORE = "core";

/**
 * The artifact of a core module that is run as it is: the module, hardened.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export function coreArtifact({ component, digest, sharedMemory }: ArtifactRequest, shape: CoreModuleShape): Artifact {
  boundTypes([component]);
  const core = {
    name: CORE,
    ...hardenModule(component, { meter: true, allow: { threads: sharedMemory } }),
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
