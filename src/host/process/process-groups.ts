/** Groups of processes that run now, by the id of the process that leads each. Empty on Windows, which has none. */
const running = new Set<number>();

/** Counts a process among those that must not outlive this one. It leads a group of its own. */
export function groupStarted(pid: number): void {
  if (running.size === 0) process.on("exit", killAll);
  running.add(pid);
}

/**
 * The process that leads a group has ended: kills what it left of its group. To be called in the turn that reports its end,
 * before its id can be given to another process; while one of the group lives, it cannot be.
 */
export function groupEnded(pid: number): void {
  if (!running.delete(pid)) return;
  killGroup(pid);
  if (running.size === 0) process.off("exit", killAll);
}

/** Kills a group whose leader has not ended. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (thrown) {
    // Nobody is left in it; on macOS it says so with EPERM when all of them are about to be gone.
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code !== "ESRCH" && code !== "EPERM") throw thrown;
  }
}

function killAll(): void {
  for (const pid of running) killGroup(pid);
}
