import { hardenModule } from "../../hardening/harden-module.ts";
import type { CoreModuleShape } from "../../shared/core-module.ts";
import type { Artifact } from "../artifact.ts";
import { boundInstances } from "../bound-instances.ts";
import type { ArtifactRequest } from "../transpile/build-artifact.ts";
import { coreInterface } from "./core-interface.ts";

const CORE = "core";

/**
 * The artifact of a core module that is run as it is: the module, hardened.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export function coreArtifact({ component, digest, sharedMemory }: ArtifactRequest, shape: CoreModuleShape): Artifact {
  const core = {
    name: CORE,
    ...hardenModule(component, { meter: true, names: "data", allow: { threads: sharedMemory } }),
  };
  const tables = boundInstances([core], [CORE]);
  return {
    digest,
    interface: coreInterface(shape),
    glue: "",
    modules: [{ name: CORE, bytes: core.bytes, memories: core.memories }],
    instantiations: [CORE],
    preview1: false,
    core: shape,
    tables,
  };
}
