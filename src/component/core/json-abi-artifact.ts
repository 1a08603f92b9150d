import { hardenModule } from "../../hardening/harden-module.ts";
import type { Artifact } from "../artifact.ts";
import type { ArtifactRequest } from "../transpile/build-artifact.ts";
import { boundInstances } from "../bound-instances.ts";
import { boundedTypeKeys } from "../bound-types.ts";
import { JSON_ABI_INTERFACE, JSON_ABI_MODULE, jsonAbiInterface } from "./json-abi.ts";
import type { JsonAbiSettings } from "./json-abi-glue.ts";
import { jsonAbiGlueText } from "./json-abi-glue-text.ts";
import type { CoreOutline } from "./outline.ts";

const CORE = "core";

/**
 * The artifact of a core module with the JSON interface: the module itself, hardened, and glue that is the same for all.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export function jsonAbiArtifact(
  { component, digest, blocking, sharedMemory }: ArtifactRequest,
  outline: CoreOutline,
): Artifact {
  const allow = { threads: sharedMemory };
  const core = { name: CORE, ...hardenModule(component, { meter: true, counter: "own", allow }) };
  const typeKeys = boundedTypeKeys([core]);
  const { tables, heapBytes } = boundInstances([core], [CORE]);
  const described = jsonAbiInterface(outline);
  const settings: JsonAbiSettings = {
    interface: JSON_ABI_INTERFACE,
    module: JSON_ABI_MODULE,
    core: CORE,
    suspending: outline.imports
      .map(({ name }) => name)
      .filter((name) => blocking.includes(`${JSON_ABI_INTERFACE}#${name.replaceAll("_", "-")}`)),
  };
  return {
    digest,
    interface: described,
    glue: jsonAbiGlueText(settings),
    modules: [{ name: CORE, bytes: core.bytes, memories: core.memories }],
    instantiations: [CORE],
    preview1: false,
    tables,
    heapBytes,
    typeKeys,
  };
}
