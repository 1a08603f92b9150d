import type { FileSystemKind } from "../shared/machine/file-systems.ts";

/** The files of `/proc` that a guest may read: figures of the machine, with nothing of any process in them. */
const READABLE_OF_PROC: ReadonlySet<string> = new Set([
  "cpuinfo",
  "filesystems",
  "loadavg",
  "meminfo",
  "stat",
  "swaps",
  "uptime",
  "version",
  "vmstat",
]);

/** Why the kernel's files there may not be read, or `undefined` when they may. `where` is the folder, without links. */
export function kernelReadProblem(
  fileSystem: FileSystemKind,
  {
    isFile,
    name,
    where,
  }: { readonly isFile: boolean; readonly name: string | undefined; readonly where: () => string },
): string | undefined {
  if (fileSystem === "ordinary" || fileSystem === "devices-and-settings") return undefined;
  if (fileSystem === "kernel-only") return "it is the kernel's view of itself, which no grant covers";
  if (isFile && name !== undefined && READABLE_OF_PROC.has(name) && where() === "/proc") return undefined;
  return "it is below /proc, which shows the memory and environment of processes; no grant covers it";
}

/** Why nothing may be changed there, or `undefined` when it may. */
export function kernelChangeProblem(fileSystem: FileSystemKind): string | undefined {
  if (fileSystem === "ordinary") return undefined;
  return "it is one of the kernel's file systems, such as /proc, /sys and /dev, in which no grant covers changes";
}

/** Whether a name in `/proc` is that of a process. */
export function isProcessName(name: string): boolean {
  return /^\d+$/u.test(name);
}
