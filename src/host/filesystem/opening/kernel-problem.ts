import { basename, dirname } from "node:path";
import { kernelChangeProblem, kernelReadProblem } from "../../../policy/kernel-files.ts";
import type { FileSystemKind } from "../../../shared/machine/file-systems.ts";
import type { FileOutcome } from "../failure.ts";
import type { FileAccess } from "./file-request.ts";

/** The refusal of a file of the kernel's, as the outcome of a call on a whole file; `undefined` for one that may be used. */
export function kernelProblem(
  fileSystem: FileSystemKind,
  real: string,
  access: FileAccess,
): FileOutcome<never> | undefined {
  const where = (): string => dirname(real);
  const reason =
    access === "write"
      ? kernelChangeProblem(fileSystem)
      : kernelReadProblem(fileSystem, { isFile: true, name: basename(real), where });
  return reason === undefined ? undefined : { kind: "refused", reason };
}
