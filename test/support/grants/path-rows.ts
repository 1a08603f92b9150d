import type { GrantsInput } from "../../../src/sandbox/index.ts";
import type { At, GrantCall, GrantRow } from "./row.ts";

function read(
  name: string,
  granted: (at: At, project: string) => readonly string[],
  paths: readonly string[],
): GrantRow {
  return skill(
    name,
    (at, project) => ({ read: granted(at, project) }),
    (at, project) => paths.map((path) => reading(path.startsWith("/") ? project + path : at(path))),
  );
}

function reading(path: string): GrantCall {
  return { function: "read", parameters: [path] };
}

function writing(path: string, text = "from the guest"): GrantCall {
  return { function: "write", parameters: [path, text] };
}

function skill(
  name: string,
  files: (at: At, project: string) => NonNullable<GrantsInput["filesystem"]>,
  calls: (at: At, project: string) => readonly GrantCall[],
  more: Partial<GrantRow> = {},
): GrantRow {
  return {
    name,
    guest: "skill",
    grants: ({ own, project }) => ({ filesystem: files((path) => `${own}/${path}`, project) }),
    calls: ({ own, project }) => calls((path) => `${own}/${path}`, project),
    ...more,
  };
}

/** Files and folders for the interfaces that take paths. */
export const PATH_ROWS: readonly GrantRow[] = [
  read("a file", (at) => [at("demo.txt")], ["demo.txt", "data/in.txt", ".", "none"]),
  read(
    "a file by its absolute path, and one by a link",
    (at, project) => [`${project}/${at("data.txt")}`, at("link.txt")],
    ["data.txt", "link.txt", "data/in.txt", "data/deep/in.txt"],
  ),
  read("a folder", (at) => [at("data")], [
    "data/in.txt",
    "data/deep/in.txt",
    "data/none",
    "data",
    "data-more/in.txt",
    "data.txt",
    "data/within",
    "data/across",
    "data/outside",
  ]),
  read(
    "names that begin alike, with links from one to the other",
    (at) => [at("data"), at("data-more"), at("data.txt")],
    ["data/in.txt", "data-more/in.txt", "data.txt", "data/across", "data/outside"],
  ),
  read("a link to a folder", (at) => [at("linked")], ["linked/in.txt", "data/deep/in.txt", "linked/within"]),
  read("the current folder, with the package in it", () => ["."], ["demo.txt", "data/deep/in.txt", "/package.json"]),
  read("the package", () => ["node_modules/cordon"], ["/node_modules/cordon/dist/assets/demo/demo.txt", "demo.txt"]),
  read("the folder that the package is run from", () => ["node_modules/cordon/dist/bin"], [
    "/node_modules/cordon/dist/bin/none",
    "/node_modules/cordon/package.json",
  ]),
  read("the root", () => ["/"], ["demo.txt", "data/deep/in.txt", "/node_modules/cordon/dist/assets/demo/demo.txt"]),
  read(
    "files and the folders they are in",
    (at) => [at("data/deep/in.txt"), at("demo.txt"), at("data"), at("data/in.txt"), at("data/deep")],
    ["data/in.txt", "data/deep/in.txt", "demo.txt", "data.txt"],
  ),
  read("names of all sorts", (at) => [at("odd, =[name]?"), at("-dash")], ["odd, =[name]?/in file.txt", "-dash/in.txt"]),
  read("a file that is not there", (at) => [at("none")], ["none"]),
  skill(
    "a file that is replaced and removed meanwhile",
    (at) => ({ read: [at("demo.txt")] }),
    (at) => [
      reading(at("demo.txt")),
      { ...reading(at("demo.txt")), before: ["replace"] },
      { ...reading(at("demo.txt")), before: ["remove"] },
      { ...reading(at("demo.txt")), before: ["restore"] },
    ],
    { changed: "demo.txt" },
  ),
  skill(
    "a file to write",
    (at) => ({ write: [at("demo.txt")] }),
    (at) => [writing(at("demo.txt")), reading(at("demo.txt")), writing(at("new.txt")), writing(at("data/in.txt"))],
  ),
  skill(
    "a file to read and write, and one by a link",
    (at) => ({ read: [at("demo.txt"), at("data")], write: [at("demo.txt"), at("link.txt")] }),
    (at) => [writing(at("demo.txt")), reading(at("demo.txt")), writing(at("link.txt")), reading(at("data/in.txt"))],
  ),
  skill(
    "a file to write that is not there",
    (at) => ({ write: [at("new.txt")] }),
    (at) => [writing(at("new.txt"))],
  ),
  skill(
    "a folder to write",
    (at) => ({ write: [at("out")] }),
    (at) => [
      writing(at("out/new.txt")),
      writing(at("out/kept.txt")),
      writing(at("out/none/new.txt")),
      writing(at("new.txt")),
      reading(at("out/new.txt")),
    ],
  ),
  skill(
    "a folder in which no file may be made, and none be large",
    (at) => ({ write: [at("out")], create: false, maxFileBytes: 5 }),
    (at) => [writing(at("out/new.txt"), "1"), writing(at("out/kept.txt"), "12345"), writing(at("out/kept.txt"))],
  ),
  skill(
    "the current folder to write, with the package in it",
    () => ({ write: ["."], read: ["."] }),
    (at) => [writing(at("new.txt")), reading(at("new.txt"))],
  ),
  skill(
    "a folder to read with a file to write in it",
    (at) => ({ read: [at("data")], write: [at("data/in.txt")] }),
    (at) => [writing(at("data/in.txt")), reading(at("data/in.txt")), writing(at("data/deep/in.txt"))],
  ),
  skill(
    "a folder to write with a file to read in it",
    (at) => ({ write: [at("data")], read: [at("data/in.txt")] }),
    (at) => [
      writing(at("data/in.txt")),
      reading(at("data/in.txt")),
      reading(at("data/deep/in.txt")),
      writing(at("data/deep/new.txt")),
    ],
  ),
];
