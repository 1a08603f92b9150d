// oxlint-disable unicorn/consistent-function-scoping -- what runs in the guest is sent there as one function
import type { CoreTools } from "./probe-core.ts";

/** Files, as a guest reaches them. */
export interface FileTools {
  readonly folders: () => readonly object[];
  /** `open-at`; flags are `r`ead, `w`rite, `m`utate-directory, `c`reate, `d`irectory, e`x`clusive, `t`runcate, `n`o following. */
  readonly open: (base: unknown, path: string, flags?: string) => unknown;
  /** The content of a file by its path, or an error. */
  readonly read: (base: unknown, path: string) => string;
  /** Opens with the flags, `wct` by default, and writes the text at the beginning: `ok`, or an error. */
  readonly put: (base: unknown, path: string, text: string, flags?: string) => string;
  /** The names in a folder, sorted, or an error. */
  readonly list: (folder: unknown) => readonly string[] | string;
  /** Each different answer, sorted, that the functions which take a path give for this one; `done` for a success. */
  readonly everyWay: (base: unknown, path: string, other?: unknown) => readonly string[];
}

/** Runs within the guest; see {@link CoreTools}. */
export function fileTools({ wasi, call, drop, bytes, text }: CoreTools): FileTools {
  const FOLLOW = { symlinkFollow: true };
  const NO_FOLLOW = { symlinkFollow: false };
  const NOW = { tag: "now" };
  const folders = (): readonly object[] =>
    (call(wasi["preopens"], "getDirectories") as [object, string][]).map(([folder]) => folder);
  const open = (base: unknown, path: string, flags = "r"): unknown =>
    call(
      base,
      "openAt",
      flags.includes("n") ? NO_FOLLOW : FOLLOW,
      path,
      {
        create: flags.includes("c"),
        directory: flags.includes("d"),
        exclusive: flags.includes("x"),
        truncate: flags.includes("t"),
      },
      { read: flags.includes("r"), write: flags.includes("w"), mutateDirectory: flags.includes("m") },
    );
  const read = (base: unknown, path: string): string => {
    const file = open(base, path);
    if (typeof file === "string") return file;
    const answer = call(file, "read", 1_000_000, 0);
    drop(file);
    return typeof answer === "string" ? answer : text((answer as [Uint8Array])[0]);
  };
  const put = (base: unknown, path: string, content: string, flags = "wct"): string => {
    const file = open(base, path, flags);
    if (typeof file === "string") return file;
    const answer = call(file, "write", bytes(content), 0);
    drop(file);
    return typeof answer === "string" ? answer : "ok";
  };
  const list = (folder: unknown): readonly string[] | string => {
    const entries = call(folder, "readDirectory");
    if (typeof entries === "string") return entries;
    const names: string[] = [];
    for (;;) {
      const entry = call(entries, "readDirectoryEntry") as { readonly name: string } | string | null;
      if (typeof entry === "string") return entry;
      if (entry === null) break;
      names.push(entry.name);
    }
    drop(entries);
    return names.sort();
  };
  const everyWay = (base: unknown, path: string, other: unknown = base): readonly string[] => {
    const opened = ["r", "rw", "rwc", "wct", "rd", "rm"].map((flags) => open(base, path, flags));
    drop(...opened);
    const answers = [
      ...opened,
      call(base, "statAt", FOLLOW, path),
      call(base, "metadataHashAt", FOLLOW, path),
      call(base, "setTimesAt", FOLLOW, path, NOW, NOW),
      call(base, "createDirectoryAt", path),
      call(base, "removeDirectoryAt", path),
      call(base, "unlinkFileAt", path),
      call(base, "readlinkAt", path),
      call(base, "symlinkAt", "dir", path),
      call(base, "renameAt", path, other, "taken"),
      call(other, "renameAt", "file", base, path),
      call(base, "linkAt", NO_FOLLOW, path, other, "taken"),
      call(other, "linkAt", NO_FOLLOW, "file", base, path),
    ];
    return [...new Set(answers.map((one) => (typeof one === "string" ? one : "done")))].sort();
  };
  return { folders, open, read, put, list, everyWay };
}
