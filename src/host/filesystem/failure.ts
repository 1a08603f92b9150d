import type { Remedy } from "../../shared/text/remedy.ts";

/** How a file operation ended. `reason` is one line and names no path. */
export type FileOutcome<T> =
  | { readonly kind: "done"; readonly value: T }
  /** The path leads outside what is granted. */
  | { readonly kind: "outside" }
  /** The path is granted, and what was to be done with it is not. `remedy` is for the operator: what would allow it, if anything would. */
  | { readonly kind: "refused"; readonly reason: string; readonly remedy?: Remedy }
  /** The path is granted, and the operation failed. */
  | { readonly kind: "failed"; readonly reason: string };

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "the host's file permissions refuse it",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than the file system allows",
  EISDIR: "it is a folder",
  ELOOP: "too many symbolic links",
  EMFILE: "the host has too many files open",
  ENAMETOOLONG: "the path is too long",
  ENFILE: "the host has too many files open",
  ENOENT: "no such file",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "the host's file permissions refuse it",
  EROFS: "the file system is read-only",
  ETXTBSY: "it is a program that is running",
};

/**
 * The code of a failed system call, such as `ENOENT`, or `undefined` for any other error. What Node's permission model refuses in
 * a confined process counts as refused by the system.
 */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code === "ERR_ACCESS_DENIED") return "EPERM";
  return typeof error.code === "string" && /^E[A-Z0-9]+$/u.test(error.code) ? error.code : undefined;
}

/** Why a system call failed, in words that are safe to show to a guest: no path of the host is in them. */
export function failureReason(error: unknown): string {
  const code = errnoOf(error);
  if (code === undefined) return "the host could not do it";
  return Object.hasOwn(REASONS, code) ? `${REASONS[code]}` : `the host could not do it (${code})`;
}

/** A failure as an outcome. */
export function failed(reason: string): { readonly kind: "failed"; readonly reason: string } {
  return { kind: "failed", reason };
}
