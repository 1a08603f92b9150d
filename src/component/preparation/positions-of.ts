import { CordonError } from "../../shared/errors.ts";
import type { ArtifactRequest } from "./build-artifact.ts";
import { type AdmitTypes, hardenCore } from "./harden-core.ts";
import type { ModulePositions } from "./messages.ts";
import type { Recognized } from "./recognize.ts";

/** The most that is kept of one component, in bytes. A component of 12 MB takes about 2 MB. */
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * Where the code of a component's core modules was before they were hardened, which is done anew for it: the same bytes give the same.
 *
 * @param admitTypes Called with the types of a module that the engine is to validate.
 * @throws CordonError as making its artifact does; `limit` when it would be more than is kept.
 */
export function positionsOf(
  { component, sharedMemory }: ArtifactRequest,
  recognized: Recognized,
  admitTypes: AdmitTypes,
): readonly ModulePositions[] {
  const ranges = recognized.kind === "core" ? [{ offset: 0, size: component.length }] : recognized.decoded.coreModules;
  let left = MOST_BYTES;
  return ranges.map(({ offset, size }) => {
    const module = component.subarray(offset, offset + size);
    const { positions = new Uint8Array() } = hardenCore(module, { threads: sharedMemory, admitTypes, positions: true });
    left -= positions.length;
    if (left < 0) {
      throw new CordonError("limit", `Cannot say where the component trapped: that takes over ${MOST_BYTES} bytes`);
    }
    return { fileOffset: offset, positions };
  });
}
