import type { Grants, Preopen } from "../grants.ts";
import { reasonWith } from "../../shared/text/remedy.ts";
import { describe, flag, type Problems } from "../problems.ts";

/** What `filesystem` says of all folders that may be written. */
export interface FileRules {
  /** `undefined` where nothing is said. */
  readonly create: boolean | undefined;
  readonly delete: boolean;
  /** In bytes; `Number.MAX_SAFE_INTEGER` where nothing is said. */
  readonly maxFileBytes: number;
}

/** Reads `create`, `delete` and `maxFileBytes` of `filesystem`; what is wrong goes to `problems`. */
export function parseFileRules(filesystem: Readonly<Record<string, unknown>>, problems: Problems): FileRules {
  const { create } = filesystem;
  return {
    create: create === undefined ? undefined : flag(create, "filesystem.create", false, problems),
    delete: flag(filesystem["delete"], "filesystem.delete", false, problems),
    maxFileBytes: fileBytes(filesystem["maxFileBytes"], "filesystem.maxFileBytes", Number.MAX_SAFE_INTEGER, problems),
  };
}

/** A size of files, in bytes; `undefined` counts as the default. */
export function fileBytes(value: unknown, name: string, byDefault: number, problems: Problems): number {
  if (value === undefined) return byDefault;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  const found = typeof value === "number" ? String(value) : describe(value);
  problems.push(`Cannot read ${name}: expected a whole number of bytes from 0, found ${found}`);
  return 0;
}

/** The rules for the files that skills write: they make files unless that is taken away, and remove none. */
export function writeBounds({ create, maxFileBytes }: FileRules): Grants["filesystemWriteBounds"] {
  return Object.freeze({ create: create ?? true, maxFileBytes });
}

/** Refuses rights that nothing has a use for. */
export function checkRulesApply(
  rules: FileRules,
  { preopens, filesystemWrite }: Pick<Grants, "preopens" | "filesystemWrite">,
  problems: Problems,
): void {
  if (preopens.some(({ write }: Preopen) => write)) return;
  const unused = (verb: string): void => {
    const setting = { setting: "grants.filesystem.preopens", value: "HOST:rw" } as const;
    problems.push(reasonWith(`Cannot let the guest ${verb} files: no folder is opened for writing`, [setting]));
  };
  if (rules.create === true && filesystemWrite.length === 0) unused("make");
  // Skills have no function that removes a file.
  if (rules.delete) unused("remove");
}
