/**
 * What the Canonical ABI calls a trap: the guest did what the specification does not let it go on from. It ends the
 * invocation, and the guest cannot catch that; see `AbiHost.trap`.
 */
export class Trap extends Error {}

/** Ends the guest for what it did. `problem` goes on after the words "the guest". */
export function trap(problem: string): never {
  throw new Trap(`the guest ${problem}`);
}

/** What the host or the embedder did ends the invocation, and not the guest's fault. */
export class HostFault extends Error {}
