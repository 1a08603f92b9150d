import { availableParallelism, totalmem } from "node:os";

/** What the figures depend on, in one line: cores, memory, system, Node. No names, no paths. */
export function machine(): string {
  return [
    `${availableParallelism()} cores`,
    `${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    `${process.platform} ${process.arch}`,
    `Node ${process.versions.node}`,
  ].join(", ");
}
