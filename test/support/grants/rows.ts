import type { GrantsInput, HostFunctionInput } from "../../../src/sandbox/index.ts";
import { probeCode, type Tools } from "../probe.ts";
import type { GrantGuests } from "./guests.ts";

/** What a row finds: a project into which Cordon is installed, in whose folder the embedding process runs. */
export interface Surroundings {
  /** The project's folder. */
  readonly project: string;
  /** The row's own folder within it, from the project's on. See {@link FILES} for what is in it. */
  readonly own: string;
  /** The port of an HTTP server on the loopback address. */
  readonly port: number;
}

/** What is in a row's own folder. Names that end in a slash are folders, `from -> to` is a link. */
export const FILES: readonly string[] = [
  "demo.txt",
  "data/in.txt",
  "data/deep/in.txt",
  "data-more/in.txt",
  "data.txt",
  "odd, =[name]?/in file.txt",
  "-dash/in.txt",
  "out/kept.txt",
  "link.txt -> data/in.txt",
  "linked -> data",
  "data/within -> deep/in.txt",
  "data/across -> ../data-more/in.txt",
  "data/outside -> ../demo.txt",
];

/** One call by the guest. */
export interface GrantCall {
  readonly function: string;
  readonly parameters: readonly unknown[];
  /** Steps of another program before this call: a file that an editor replaces, a folder that is moved. */
  readonly before?: readonly ("replace" | "remove" | "restore")[];
  readonly stdin?: string;
}

/** One form of grant: what is granted, and what a guest does with it. */
export interface GrantRow {
  readonly name: string;
  readonly guest: keyof GrantGuests;
  readonly grants: (around: Surroundings) => GrantsInput;
  readonly calls: (around: Surroundings) => readonly GrantCall[];
  /** The file or folder that the steps before calls are about, from the row's own folder on. */
  readonly changed?: string;
  readonly hostFunctions?: readonly HostFunctionInput[];
  readonly deterministic?: boolean;
}

type At = (name: string) => string;

function read(name: string, granted: (at: At, project: string) => readonly string[], ...paths: string[]): GrantRow {
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

function world(
  name: string,
  grants: (around: Surroundings) => GrantsInput,
  work: (guest: Tools, port: number) => unknown,
): GrantRow {
  return {
    name,
    guest: "probe",
    grants,
    calls: ({ port }) => [{ function: "run", parameters: [probeCode(work, port)], stdin: "from stdin" }],
  };
}

const FILE_ROWS: readonly GrantRow[] = [
  read("nothing", () => [], "demo.txt"),
  read("a file", (at) => [at("demo.txt")], "demo.txt", "data/in.txt", "."),
  read("a file by its absolute path", (at, project) => [`${project}/${at("demo.txt")}`], "demo.txt", "data.txt"),
  read("a link to a file", (at) => [at("link.txt")], "link.txt", "data/in.txt", "data/deep/in.txt"),
  read(
    "a folder",
    (at) => [at("data")],
    "data/in.txt",
    "data/deep/in.txt",
    "data/none",
    "data",
    "data-more/in.txt",
    "data.txt",
  ),
  read("a folder with links", (at) => [at("data")], "data/within", "data/across", "data/outside"),
  read("what a link leads to", (at) => [at("data"), at("data-more/in.txt")], "data/across", "data/outside"),
  read("a link to a folder", (at) => [at("linked")], "linked/in.txt", "data/deep/in.txt", "linked/within"),
  read("the current folder, with the package in it", () => ["."], "demo.txt", "data/deep/in.txt", "/package.json"),
  read("the folder of packages", () => ["node_modules"], "/node_modules/cordon/package.json", "demo.txt"),
  read("the package", () => ["node_modules/cordon"], "/node_modules/cordon/dist/assets/demo/demo.txt"),
  read("the folder that the package is run from", () => ["node_modules/cordon/dist/bin"], "/node_modules/cordon/none"),
  read(
    "below the package",
    () => ["node_modules/cordon/dist/assets/demo/demo.txt"],
    "/node_modules/cordon/dist/assets/demo/demo.txt",
  ),
  read("the root", () => ["/"], "demo.txt", "data/deep/in.txt", "/node_modules/cordon/dist/assets/demo/demo.txt"),
  read(
    "files and the folders they are in",
    (at) => [at("data/deep/in.txt"), at("data"), at("data/in.txt"), at("data/deep")],
    "data/in.txt",
    "data/deep/in.txt",
  ),
  read(
    "several files",
    (at) => [at("demo.txt"), at("data/in.txt"), at("data.txt")],
    "demo.txt",
    "data/in.txt",
    "data.txt",
    "data/deep/in.txt",
  ),
  read(
    "names that begin alike",
    (at) => [at("data-more"), at("data.txt")],
    "data-more/in.txt",
    "data.txt",
    "data/in.txt",
  ),
  read("names of all sorts", (at) => [at("odd, =[name]?"), at("-dash")], "odd, =[name]?/in file.txt", "-dash/in.txt"),
  read("a file that is not there", (at) => [at("none")], "none"),
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
    "a file to read and write",
    (at) => ({ read: [at("demo.txt")], write: [at("demo.txt")] }),
    (at) => [writing(at("demo.txt")), reading(at("demo.txt"))],
  ),
  skill(
    "a link to a file to write",
    (at) => ({ write: [at("link.txt")], read: [at("data")] }),
    (at) => [writing(at("link.txt")), reading(at("data/in.txt"))],
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
    "a folder in which no file may be made",
    (at) => ({ write: [at("out")], create: false }),
    (at) => [writing(at("out/new.txt")), writing(at("out/kept.txt"))],
  ),
  skill(
    "a size of files",
    (at) => ({ write: [at("out")], maxFileBytes: 5 }),
    (at) => [writing(at("out/new.txt"), "123456"), writing(at("out/new.txt"), "12345")],
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

const readAll = ({ folders: opened, list, read: content }: Tools): unknown =>
  opened().map((folder) => [list(folder), content(folder, "in.txt"), content(folder, "deep/in.txt")]);

const FOLDER_ROWS: readonly GrantRow[] = [
  folders(
    "--dir",
    (at) => [at("data")],
    ({ folders: opened, list, read: content, put }) => {
      const [folder] = opened();
      return [
        list(folder),
        content(folder, "in.txt"),
        content(folder, "within"),
        content(folder, "outside"),
        content(folder, "../demo.txt"),
        put(folder, "in.txt", "x", "w"),
        put(folder, "new", "x"),
      ];
    },
  ),
  folders("--dir of a link", (at) => [at("linked")], readAll),
  folders(
    "--dir of a name of its own",
    (at) => [`${at("odd, =[name]?")}::/a`, `${at("-dash")}::b`],
    ({ folders: opened, list }) => opened().map(list),
  ),
  folders(
    "--dir :rw",
    (at) => [`${at("data")}:rw`],
    ({ folders: opened, put, read: content }) => {
      const [folder] = opened();
      return [
        put(folder, "in.txt", "changed", "w"),
        content(folder, "in.txt"),
        put(folder, "new", "x"),
        put(folder, "../new", "x"),
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
    "--dir of the package",
    () => ["node_modules/cordon"],
    ({ folders: opened, read: content }) => content(opened()[0], "dist/assets/demo/demo.txt"),
  ),
  folders(
    "--dir of the folder that the package is run from",
    () => ["node_modules/cordon/dist/bin"],
    ({ folders: opened, list }) => (list(opened()[0]) as readonly string[]).includes("cordon.js"),
  ),
  folders(
    "--dir below the package",
    () => ["node_modules/cordon/dist/assets/demo"],
    ({ folders: opened, list }) => list(opened()[0]),
  ),
  folders(
    "--dir /",
    () => ["/"],
    ({ folders: opened, read: content }, own) => content(opened()[0], `${own}/../../../none`),
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
    "one folder twice",
    (at) => [`${at("data")}::/a:rw`, `${at("data")}::/b`],
    ({ folders: opened, put, read: content }) => {
      const [writable, readable] = opened();
      return [put(readable, "in.txt", "x", "w"), put(writable, "in.txt", "y", "w"), content(readable, "in.txt")];
    },
  ),
  folders("a folder that is replaced meanwhile", (at) => [at("data")], readAll, { changed: "data" }),
  folders("a folder and files by path", (at) => [at("data")], readAll),
];

const SERVER = "127.0.0.1";

const OTHER_ROWS: readonly GrantRow[] = [
  {
    name: "HTTP for skills",
    guest: "skill",
    grants: ({ port }) => ({ network: { hosts: [`${SERVER}:${port}`] } }),
    calls: ({ port }) => [
      { function: "get", parameters: [`http://${SERVER}:${port}/a`] },
      { function: "post", parameters: [`http://${SERVER}:${port}/b`, "body"] },
      { function: "get", parameters: [`http://${SERVER}:${port + 1}/`] },
    ],
  },
  {
    name: "HTTP that is not granted",
    guest: "skill",
    grants: () => ({}),
    calls: ({ port }) => [{ function: "get", parameters: [`http://${SERVER}:${port}/a`] }],
  },
  world(
    "HTTP, and a denial",
    ({ port }) => ({ network: { allow: [`http://${SERVER}:${port}`], deny: [`${SERVER}:${port + 1}`] } }),
    ({ fetch }, port) => [
      fetch({ authority: `127.0.0.1:${port}`, path: "/c" }),
      fetch({ authority: `127.0.0.1:${port + 1}`, path: "/d" }),
    ],
  ),
  world(
    "connections",
    ({ port }) => ({ network: { allow: [`tcp://${SERVER}:${port}`] } }),
    ({ connect, address }, port) => [
      typeof connect(address("127.0.0.1", port)),
      connect(address("127.0.0.1", port + 1)),
    ],
  ),
  world(
    "listening",
    () => ({ listen: [`tcp://${SERVER}:*`, `udp://${SERVER}:*`] }),
    ({ wasi, call, network, address, wait }) =>
      ["tcp", "udp"].map((kind) => {
        const socket = call(wasi[kind], kind === "tcp" ? "createTcpSocket" : "createUdpSocket", "ipv4");
        const bound = call(socket, "startBind", network(), address("127.0.0.1", 0));
        wait(socket);
        const finished = call(socket, "finishBind");
        return [
          bound,
          finished,
          kind === "tcp" ? call(socket, "startListen") : typeof call(socket, "stream", undefined),
        ];
      }),
  ),
  world(
    "listening that is not granted",
    () => ({}),
    ({ wasi, call, network, address }) =>
      call(call(wasi["tcp"], "createTcpSocket", "ipv4"), "startBind", network(), address("127.0.0.1", 0)),
  ),
  world(
    "lookups",
    () => ({ lookup: ["localhost"] }),
    ({ lookUp }) => [lookUp("localhost"), lookUp("elsewhere.invalid")],
  ),
  world(
    "lookups of the system",
    () => ({ lookup: "any" }),
    ({ lookUp }) => [lookUp("192.0.2.1"), typeof lookUp("name.invalid")],
  ),
  world(
    "variables",
    () => ({ environment: { set: { ONE: "1" }, allow: ["TABLE_VARIABLE", "TABLE_NONE"] } }),
    ({ wasi, call }) => [call(wasi["environment"], "getEnvironment"), call(wasi["environment"], "initialCwd")],
  ),
  world(
    "stdin",
    () => ({ stdin: true }),
    ({ wasi, call, text }) => {
      const stream = call(wasi["stdin"], "getStdin");
      return text(call(stream, "blockingRead", 100));
    },
  ),
  world(
    "stdin that is not granted",
    () => ({}),
    ({ wasi, call }) => call(call(wasi["stdin"], "getStdin"), "blockingRead", 100),
  ),
  world(
    "the time of day",
    () => ({ clocks: "read" }),
    ({ wasi, call }) => {
      const { seconds } = call(wasi["wallClock"], "now") as { readonly seconds: number };
      return Math.floor(seconds / 1e8);
    },
  ),
  world(
    "no time of day",
    () => ({}),
    ({ wasi, call }) => (call(wasi["wallClock"], "now") as { readonly seconds: number }).seconds,
  ),
  {
    ...world(
      "virtual time",
      () => ({}),
      ({ wasi, call }) => [
        call(wasi["monotonicClock"], "now"),
        call(wasi["wallClock"], "now"),
        call(wasi["random"], "getRandomBytes", 8),
      ],
    ),
    deterministic: true,
  },
  world(
    "random bytes of a seed",
    () => ({ random: { seed: 7n } }),
    ({ wasi, call }) => call(wasi["random"], "getRandomBytes", 8),
  ),
  world(
    "random bytes",
    () => ({ random: "full" }),
    ({ wasi, call }) => (call(wasi["random"], "getRandomBytes", 8) as Uint8Array).length,
  ),
  world(
    "no random bytes",
    () => ({ random: "none" }),
    ({ wasi, call }) => call(wasi["random"], "getRandomBytes", 8),
  ),
  {
    name: "programs",
    guest: "starter",
    grants: () => ({ process: ["true"] }),
    calls: () => [{ function: "f", parameters: [] }],
  },
  { name: "no programs", guest: "starter", grants: () => ({}), calls: () => [{ function: "f", parameters: [] }] },
  ...[{ more: true }, {}].map((custom): GrantRow => ({
    name: `the embedder's function, granted: ${"more" in custom}`,
    guest: "custom",
    grants: () => ({ custom }),
    calls: () => [{ function: "f", parameters: [] }],
    hostFunctions: [
      {
        interface: "acme:table/more",
        name: "more",
        type: "func(than: u32) -> u32",
        capability: "more",
        call: ([than]) => Number(than) + 1,
      },
    ],
  })),
];

/** Every form of grant. */
export const GRANT_ROWS: readonly GrantRow[] = [...FILE_ROWS, ...FOLDER_ROWS, ...OTHER_ROWS];
