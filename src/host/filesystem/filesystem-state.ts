import type { Limits } from "../../shared/limits/limits.ts";
import type { Grants, Preopen } from "../../policy/grants.ts";
import type { HostContext } from "../capability.ts";
import type { ByteMeter } from "../metering/byte-meter.ts";
import { closeAtEnd } from "../close-at-end.ts";
import { perInvocation } from "../per-invocation.ts";
import { FilesystemError } from "./wasi/error-code.ts";
import type { PreopenScope } from "./wasi/descriptor.ts";
import { ExactTimes } from "./metadata/exact-times.ts";
import { FolderCache } from "./folders/folder-cache.ts";
import type { HeldFolder } from "./folders/held-folder.ts";
import { OpenSlot } from "./opening/open-slot.ts";

/** A preopened folder that is held. */
export interface PreopenedFolder {
  readonly scope: PreopenScope;
  readonly folder: HeldFolder;
}

/** What `wasi:filesystem` keeps for one invocation. */
export interface FilesystemState {
  readonly cache: FolderCache;
  /** The preopened folders, held once however many descriptors of them there are. */
  readonly roots: Map<Preopen, PreopenedFolder>;
  readonly times: ExactTimes;
  /** See {@link allowPosixFolders}. */
  posixFolders: boolean;
  /** Limits that were reported as reached. */
  readonly reported: Set<string>;
}

/** The state of an invocation. What it holds of the host is let go when the invocation ends, and what grants led to when they have changed. */
export function filesystemState(context: HostContext): FilesystemState {
  const state = states(context);
  const { grants } = context;
  if (state.grants !== grants) {
    state.grants = grants;
    state.forget();
  }
  return state;
}

const states = perInvocation((context): FilesystemState & { grants: Grants; readonly forget: () => void } => {
  const cache = new FolderCache();
  const roots = new Map<Preopen, PreopenedFolder>();
  const forget = (): void => {
    cache.clear();
    for (const { folder } of roots.values()) folder[Symbol.dispose]();
    roots.clear();
  };
  closeAtEnd(context, () => {
    forget();
    cache[Symbol.dispose]();
  });
  const { grants } = context;
  return { cache, roots, times: new ExactTimes(), posixFolders: false, reported: new Set(), grants, forget };
});

/**
 * Lets every folder the guest opens keep the rights of the folder it was opened from, as POSIX has it. For programs that were
 * made for preview 1, whose adapter cannot ask for `mutate-directory`: without it they could not remove a tree of folders. No
 * right grows beyond the preopened folder's by it.
 */
export function allowPosixFolders(context: HostContext): void {
  filesystemState(context).posixFolders = true;
}

/** Counts one more open file, before it is opened. For an invocation that has ended, nothing is opened any more. */
export function takeOpenFile(context: HostContext): OpenSlot {
  const { openFiles } = context.meters;
  if (context.signal.aborted) throw FilesystemError.failed("interrupted", "the invocation has ended");
  if (openFiles.take()) return new OpenSlot(context, openFiles);
  reportLimit(context, "maxOpenFiles", `${openFiles.cap} files are open`);
  // Recorded above, once; what the guest gets is what a full table of open files gives.
  throw FilesystemError.failed("insufficient-memory", "too many files are open");
}

/**
 * Charges up to `wanted` bytes. Returns how many may be moved now, 0 when the rate has none for the moment; `quota` when the
 * total is used up.
 */
export function takeBytes(context: HostContext, direction: "read" | "write", wanted: number): number {
  const meter: ByteMeter = context.meters[direction];
  const granted = meter.take(wanted);
  if (granted > 0 || wanted === 0 || !meter.exhausted) return granted;
  throw totalUsed(context, direction);
}

/**
 * Charges what a file grows by without being written, all of it; `quota` when the total does not allow that, and then nothing is
 * charged. It takes no time, so what passes the rate is made up for by the writes that follow.
 */
export function chargeGrowth(context: HostContext, bytes: number): void {
  if (!context.meters.write.charge(bytes)) throw totalUsed(context, "write");
}

function totalUsed(context: HostContext, direction: "read" | "write"): FilesystemError {
  const limit = direction === "read" ? "maxReadBytes" : "maxWriteBytes";
  const { total, used } = context.meters[direction];
  reportLimit(context, limit, `${used} of ${total} bytes are used`);
  return FilesystemError.failed("quota", `the invocation may ${direction} no more bytes than ${total}`);
}

/** Records that a limit was reached, the first time. */
function reportLimit(context: HostContext, limit: keyof Limits, reason: string): void {
  const { reported } = filesystemState(context);
  if (reported.has(limit)) return;
  reported.add(limit);
  context.observe({
    eventType: "PolicyViolation",
    action: "filesystem.limit",
    resource: limit,
    result: "Denied",
    reason,
    remedies: [{ setting: `limits.${limit}` }],
  });
}
