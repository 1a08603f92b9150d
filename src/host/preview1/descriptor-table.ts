import type { HostContext } from "../capability.ts";
import { allowPosixFolders } from "../filesystem/filesystem-state.ts";
import { preopenedFolders } from "../filesystem/paths/preopened-folders.ts";
import { closeAtEnd } from "../close-at-end.ts";
import { type PerInvocation, perInvocation } from "../per-invocation.ts";
import { stdioOf } from "../stdio/state.ts";
import { ERRNO, Preview1Error } from "./errno.ts";
import { grantedEndpoints } from "./granted-endpoints.ts";
import { close, type OpenDescriptor, type OpenFile, type OpenFolder } from "./open-descriptors.ts";

/** The least descriptor that is none of stdio's. */
const FIRST = 3;

/**
 * The open descriptors of an invocation, by their numbers: stdio, the preopened folders, the sockets that may listen, and what the
 * guest opened. A new one gets the least number that is free. There are as many as there may be handles.
 */
export class DescriptorTable {
  readonly #open = new Map<number, OpenDescriptor>();
  readonly #cap: number;
  /** No free number is less. */
  #free: number;
  #highWater = 0;
  #closed = false;

  constructor(context: HostContext) {
    this.#cap = context.limits.maxHandles;
    // Preview 1 cannot ask for the right to change a folder.
    allowPosixFolders(context);
    const { stdin, stdout, stderr } = stdioOf(context);
    const [out, err] = [stdout.stream(), stderr.stream()];
    this.#open.set(0, { kind: "input", stream: stdin.stream() });
    this.#open.set(1, { kind: "output", stream: out, other: err });
    this.#open.set(2, { kind: "output", stream: err, other: out });
    this.#free = FIRST;
    for (const [descriptor, preopen] of preopenedFolders(context)) {
      this.#add({ kind: "folder", descriptor, preopen, listing: undefined });
    }
    // Behind the folders: programs look for those until the first number that is none.
    for (const endpoint of grantedEndpoints(context.grants.listen)) {
      this.#add({ kind: "listener", endpoint, socket: undefined, nonBlocking: false });
    }
    this.#highWater = this.#open.size;
    closeAtEnd(context, () => this.#closeAll());
  }

  /** The most there were at once. */
  get highWater(): number {
    return this.#highWater;
  }

  /** What a number stands for. */
  get(fd: number): OpenDescriptor {
    const open = this.#open.get(fd);
    if (open === undefined) throw new Preview1Error(ERRNO.badDescriptor);
    return open;
  }

  file(fd: number): OpenFile {
    const open = this.get(fd);
    if (open.kind !== "file") throw new Preview1Error(ERRNO.badDescriptor);
    return open;
  }

  folder(fd: number): OpenFolder {
    const open = this.get(fd);
    if (open.kind !== "folder") throw new Preview1Error(ERRNO.badDescriptor);
    return open;
  }

  /** Fails when there may be no more. To be called before something is opened. */
  assertRoom(): void {
    if (this.#closed || this.#open.size >= this.#cap) throw new Preview1Error(ERRNO.tooManyDescriptors);
  }

  /** Gives what was opened a number. */
  add(open: OpenDescriptor): number {
    try {
      this.assertRoom();
    } catch (thrown) {
      close(open);
      throw thrown;
    }
    return this.#add(open);
  }

  close(fd: number): void {
    const open = this.get(fd);
    this.#open.delete(fd);
    this.#free = Math.min(this.#free, fd);
    close(open);
  }

  /** Gives what `from` stands for the number `to`, which is closed. */
  renumber(from: number, to: number): void {
    const [open, replaced] = [this.get(from), this.get(to)];
    if (from === to) return;
    this.#open.delete(from);
    this.#open.set(to, open);
    this.#free = Math.min(this.#free, from);
    close(replaced);
  }

  #add(open: OpenDescriptor): number {
    while (this.#open.has(this.#free)) this.#free += 1;
    this.#open.set(this.#free, open);
    this.#highWater = Math.max(this.#highWater, this.#open.size);
    return this.#free;
  }

  #closeAll(): void {
    this.#closed = true;
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const open of all) close(open);
  }
}

/** The descriptors of an invocation. */
export const descriptorsOf: PerInvocation<DescriptorTable> = perInvocation((context) => new DescriptorTable(context));
