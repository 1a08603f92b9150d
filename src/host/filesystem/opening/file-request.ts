import type { FileHandle } from "node:fs/promises";
import { ACCESS } from "../../../policy/storage/access.ts";
import type { Use } from "../../../shared/use.ts";
import type { PathGrant } from "../../../policy/grants.ts";
import type { FileOutcome } from "../failure.ts";

/** What a file is opened for. */
export type FileAccess = "read" | "write";

/** What rules about single files have to allow for it, as bits of `ACCESS`. */
export function accessOf(access: FileAccess, exists: boolean): number {
  if (access === "read") return ACCESS.read;
  return exists ? ACCESS.modify : ACCESS.create;
}

/** One file that a guest names. */
export interface FileRequest {
  readonly grants: readonly PathGrant[];
  /** Where relative paths start. */
  readonly cwd: string;
  /** As the guest named it, without a `pathProblem`. */
  readonly path: string;
  /** Told what is used of the rules; left out where nobody wants to know. */
  readonly used?: (use: Use) => void;
}

/** A path that was resolved inside the grants. */
export interface FileTarget {
  readonly real: string;
  /** Whether a file was there; a file to write is created when it was not. */
  readonly exists: boolean;
}

/** The result of one attempt to open a target; `changed`: the folders changed meanwhile, and the path means something else now. */
export type OpenAttempt = FileOutcome<FileHandle> | { readonly kind: "changed" };

/** Opens a target, and makes sure that what was opened is inside the grants. */
export type OpenTarget = (request: FileRequest, target: FileTarget, access: FileAccess) => Promise<OpenAttempt>;
