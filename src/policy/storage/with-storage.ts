import type { Grants } from "../grants.ts";
import { type Problems, quote } from "../problems.ts";
import { isWithin } from "../real-path.ts";
import { storageRules } from "./parse-storage.ts";
import type { StorageGrant } from "./parse-storage.ts";
import type { StorageRules } from "./storage-rules.ts";

type Files = Pick<Grants, "filesystemRead" | "filesystemWrite" | "preopens">;

/** What is granted by paths and folders, and by rules, together. Denials hold for all of it. */
export function withStorage(files: Files, storage: StorageGrant, problems: Problems): Files {
  const { allow, deny, deniedPaths } = storage;
  const common = { deny, fences: [], deniedPaths };
  const whole = deny.length === 0 ? undefined : storageRules({ ...common, allow: undefined });
  const single = allow.length === 0 ? undefined : storageRules({ ...common, allow });
  for (const { guest, written } of storage.preopens) {
    if (!files.preopens.some((one) => one.guest === guest)) continue;
    problems.push(
      `Cannot open ${quote(written)} for the guest: it has a folder named ${quote(guest)} already; give one of them another name`,
    );
  }
  return Object.freeze({
    filesystemRead: Object.freeze([...ruled(files.filesystemRead, whole), ...ruled(storage.read, single)]),
    filesystemWrite: Object.freeze([...ruled(files.filesystemWrite, whole), ...ruled(storage.write, single)]),
    preopens: Object.freeze([...ruled(files.preopens, whole), ...ruled(storage.preopens, single)]),
  });
}

function ruled<T extends { readonly root: string }>(
  grants: readonly T[],
  rules: StorageRules | undefined,
): readonly T[] {
  return rules === undefined ? grants : grants.map((one) => Object.freeze({ ...one, rules }));
}

/** Whether any path lies below what is granted, so that leaving it out makes a difference. */
export function isReached(path: string, { filesystemRead, filesystemWrite, preopens }: Files): boolean {
  return [...filesystemRead, ...filesystemWrite, ...preopens].some(
    ({ root }) => isWithin(path, root) || isWithin(root, path),
  );
}
