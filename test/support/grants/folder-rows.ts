import { probeCode, type Tools } from "../probe.ts";
import type { At, GrantRow } from "./row.ts";

function folders(
  name: string,
  opened: (at: At, project: string) => readonly string[],
  work: (guest: Tools, own: string) => unknown,
  more: { readonly create?: boolean; readonly delete?: boolean; readonly changed?: string } = {},
): GrantRow {
  const { changed, ...rights } = more;
  return {
    name,
    guest: "probe",
    ...(changed === undefined ? {} : { changed }),
    grants: ({ own, project }) => ({
      filesystem: { preopens: opened((path) => `${own}/${path}`, project), ...rights },
    }),
    calls: ({ own }) => {
      const call = { function: "run", parameters: [probeCode(work, own)] };
      return changed === undefined ? [call] : [call, { ...call, before: ["replace"] }];
    },
  };
}

/** Folders that are opened for WASI guests. */
export const FOLDER_ROWS: readonly GrantRow[] = [
  folders(
    "--dir of a folder, of a link, and by names of their own",
    (at) => [at("data"), at("linked"), `${at("odd, =[name]?")}::/a`, `${at("-dash")}::b`],
    ({ folders: opened, list, read: content, put }) => {
      const [folder] = opened();
      return [
        opened().map(list),
        ...["in.txt", "within", "across", "outside", "../demo.txt"].map((path) => content(folder, path)),
        put(folder, "in.txt", "x", "w"),
        put(folder, "new", "x"),
      ];
    },
  ),
  folders(
    "--dir :rw, and the same folder for reading",
    (at) => [`${at("data")}::/a:rw`, `${at("data")}::/b`],
    ({ folders: opened, put, read: content }) => {
      const [writable, readable] = opened();
      return [
        put(readable, "in.txt", "x", "w"),
        put(writable, "in.txt", "changed", "w"),
        content(readable, "in.txt"),
        put(writable, "new", "x"),
        put(writable, "../new", "x"),
      ];
    },
  ),
  folders(
    "--dir :rw with making and removing",
    (at) => [`${at("out")}:rw`],
    ({ folders: opened, put, call, list }) => {
      const [folder] = opened();
      return [
        put(folder, "new", "x"),
        call(folder, "createDirectoryAt", "folder"),
        put(folder, "folder/new", "x"),
        call(folder, "renameAt", "new", folder, "folder/moved"),
        call(folder, "linkAt", {}, "folder/moved", folder, "linked"),
        call(folder, "unlinkFileAt", "kept.txt"),
        call(folder, "unlinkFileAt", "folder/new"),
        call(folder, "unlinkFileAt", "folder/moved"),
        call(folder, "removeDirectoryAt", "folder"),
        list(folder),
      ];
    },
    { create: true, delete: true },
  ),
  folders(
    "--dir ., with the package in it",
    () => [".::/"],
    ({ folders: opened, read: content, put }, own) => {
      const [folder] = opened();
      return [
        content(folder, `${own}/demo.txt`),
        content(folder, "node_modules/cordon/dist/assets/demo/demo.txt"),
        put(folder, `${own}/new`, "x"),
      ];
    },
  ),
  folders(
    "--dir .:rw, with the package in it",
    () => [".:rw"],
    ({ folders: opened, read: content, put }, own) => {
      const [folder] = opened();
      return [put(folder, `${own}/new`, "x"), content(folder, `${own}/new`), content(folder, "package.json")];
    },
    { create: true },
  ),
  folders(
    "--dir of the folder that the package is run from, and of another one below it",
    () => ["node_modules/cordon/dist/bin", "node_modules/cordon/dist/assets/demo"],
    ({ folders: opened, list }) => {
      const [bin, demo] = opened();
      return [(list(bin) as readonly string[]).includes("cordon.js"), list(demo)];
    },
  ),
  folders(
    "--dir /",
    () => ["/"],
    ({ folders: opened, read: content, list }) => [content(opened()[0], "none"), list(opened()[0])],
  ),
  folders(
    "a folder to read in one to write",
    (at) => [`${at("data")}::/a:rw`, `${at("data/deep")}::/b`],
    ({ folders: opened, put, read: content }) => {
      const [outer, inner] = opened();
      return [
        put(outer, "deep/in.txt", "x", "w"),
        content(inner, "in.txt"),
        put(inner, "in.txt", "y", "w"),
        put(outer, "new", "x"),
      ];
    },
    { create: true },
  ),
  folders(
    "a folder to write in one to read",
    (at) => [`${at("data")}::/a`, `${at("data/deep")}::/b:rw`],
    ({ folders: opened, put, read: content }) => {
      const [outer, inner] = opened();
      return [
        put(outer, "deep/in.txt", "x", "w"),
        put(inner, "in.txt", "y", "w"),
        content(outer, "deep/in.txt"),
        put(inner, "new", "x"),
      ];
    },
    { create: true },
  ),
  folders(
    "a folder that is replaced meanwhile",
    (at) => [at("data"), at("data-more")],
    ({ folders: opened, list, read: content }) => opened().map((folder) => [list(folder), content(folder, "in.txt")]),
    { changed: "data" },
  ),
];
