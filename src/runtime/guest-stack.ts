/** The flag of V8 that says how large the stack is that a guest runs on, in KiB, and what it is without the flag. */
const [FLAG, DEFAULT_KIB] = [/^--wasm[-_]stack[-_]switching[-_]stack[-_]size(?:=(\d+))?$/u, 984];

/** What V8 adds to it for functions of the engine's own, and rounding up, in KiB. */
const ADDED_KIB = 104;

/**
 * What the stack of one guest can take, in bytes: the engine ends whoever wants more. Guests run on stacks of their own, so that they
 * can be suspended; what was written to once stays until the guest ends, and there is no telling how much of it that was. So each
 * guest counts with all of it.
 *
 * @param flags What this process was started with.
 */
export function guestStackBytes(flags: readonly string[] = flagsOfNode()): number {
  let kib = DEFAULT_KIB;
  for (const [index, flag] of flags.entries()) {
    const found = FLAG.exec(flag);
    // As V8 reads it: the value may be the next word, and the last flag counts.
    if (found !== null) kib = Number(found[1] ?? flags[index + 1]) || DEFAULT_KIB;
  }
  return (kib + ADDED_KIB) * 1024;
}

function flagsOfNode(): readonly string[] {
  return [...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/u), ...process.execArgv];
}
