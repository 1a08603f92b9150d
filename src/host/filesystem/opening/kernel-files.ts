import type { BigIntStats } from "node:fs";
import type { FileSystemKind } from "../../../shared/machine/file-systems.ts";
import { isProcessName, kernelChangeProblem, kernelReadProblem } from "../../../policy/kernel-files.ts";
import { FilesystemError } from "../wasi/error-code.ts";
import type { HeldFolder } from "../folders/held-folder.ts";

/** What is known of a file before it is used. */
export interface SeenFile {
  readonly stats: () => BigIntStats;
  readonly fileSystem: () => FileSystemKind;
}

/** What `stat` gave for a name in a folder, or for the folder itself. */
export function seenAs(folder: HeldFolder, name: string | undefined, stats: BigIntStats): SeenFile {
  return {
    stats: () => stats,
    fileSystem: () => (name === undefined ? folder.fileSystem() : folder.fileSystemOf(name, stats.dev)),
  };
}

/**
 * Refuses to say whether a process is there. Whatever is done with a file below it would be refused as well; this keeps a failure
 * from revealing which processes there are, and what files they have open.
 */
export function checkNoProcess(folder: HeldFolder, name: string): void {
  if (isProcessName(name) && folder.fileSystem() === "processes") {
    throw FilesystemError.denied("not-permitted", "it is a process of the host, which no grant covers");
  }
}

/** Refuses what may be neither opened nor examined. `name` is `undefined` for the folder itself. */
export function checkReadable(
  folder: HeldFolder,
  name: string | undefined,
  fileSystem: FileSystemKind,
  isFile: boolean,
): void {
  const problem = kernelReadProblem(fileSystem, { isFile, name, where: () => folder.where() });
  if (problem !== undefined) throw FilesystemError.denied("not-permitted", problem);
}

/** Refuses a change to a file that is there, or to a folder's names. */
export function checkChangeable(folder: HeldFolder, seen: SeenFile | undefined): void {
  const problem = kernelChangeProblem(seen === undefined ? folder.fileSystem() : seen.fileSystem());
  if (problem !== undefined) throw FilesystemError.denied("read-only", problem);
}
