import type { HostInterface } from "./capability.ts";
import { filesystemRead, filesystemWrite } from "./filesystem/skill-binding.ts";
import { network } from "./http/skill-binding.ts";

/** Every interface that guests can import. */
export const HOST_INTERFACES: readonly HostInterface[] = Object.freeze([filesystemRead, filesystemWrite, network]);

/** The interface with exactly this WIT name, such as `sandbox:skill/network`, or `undefined`. */
export function findHostInterface(name: string): HostInterface | undefined {
  return HOST_INTERFACES.find((candidate) => candidate.name === name);
}
