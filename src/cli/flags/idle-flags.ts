import type { ComponentInterface } from "../../shared/wit/wit.ts";
import { facilitiesOf, type Facility } from "./facilities.ts";
import type { GrantFlags } from "./grant-options.ts";
import { LIMIT_FLAGS, LIMIT_NAMES, type LimitFlags } from "./limit-options.ts";
import type { Limits } from "../../shared/limits/limits.ts";

/** What a flag gives or bounds: it does something for a component that can ask for any of these. */
type Need = readonly [flag: string, facilities: readonly Facility[]];

const FILES: readonly Facility[] = ["read-by-path", "write-by-path", "folders"];
const BYTES: readonly Facility[] = [...FILES, "http", "sockets", "listening", "programs"];

const GRANTS: Readonly<Record<Exclude<keyof GrantFlags, "grant">, Need>> = {
  allowFsRead: ["--allow-fs-read", ["read-by-path"]],
  allowFsWrite: ["--allow-fs-write", ["write-by-path"]],
  dir: ["--dir", ["folders"]],
  allowStorage: ["--allow-storage", FILES],
  denyStorage: ["--deny-storage", FILES],
  allowCreate: ["--allow-create", ["folders"]],
  allowDelete: ["--allow-delete", ["folders"]],
  maxFileSize: ["--max-file-size", ["write-by-path", "folders"]],
  allowNetwork: ["--allow-network", ["http"]],
  allowPublicNetwork: ["--allow-network", ["http"]],
  allowNet: ["--allow-net", ["http", "sockets"]],
  denyNet: ["--deny-net", ["http", "sockets", "lookup"]],
  allowListen: ["--allow-listen", ["listening"]],
  allowDns: ["--allow-dns", ["lookup"]],
  env: ["--env", ["environment"]],
  envFrom: ["--env-from", ["environment"]],
  envFile: ["--env-file", ["environment"]],
  inheritEnv: ["--inherit-env", ["environment"]],
  stdin: ["--stdin", ["stdin"]],
  allowProcess: ["--allow-process", ["programs"]],
  clock: ["--clock", ["clocks", "folders"]],
  clockResolution: ["--clock-resolution", ["clocks", "folders"]],
  clockJitter: ["--clock-jitter", ["clocks", "folders"]],
  deterministic: ["--deterministic", ["clocks", "random", "folders"]],
  random: ["--random", ["random"]],
};

const LIMITS: Readonly<Partial<Record<keyof Limits, readonly Facility[]>>> = {
  maxOpenFiles: ["folders"],
  maxReadFileBytes: ["read-by-path"],
  maxWriteFileBytes: ["write-by-path"],
  maxReadBytes: BYTES,
  maxWriteBytes: BYTES,
  readBytesPerSecond: BYTES,
  writeBytesPerSecond: BYTES,
  maxSockets: ["sockets", "listening"],
  maxConnections: ["http", "sockets", "listening"],
  httpTimeoutMs: ["http"],
  maxRequestBodyBytes: ["http", "requests"],
  maxResponseBodyBytes: ["http", "requests"],
  maxHeaderBytes: ["http", "requests"],
};

const WORDS: Readonly<Record<Facility, string>> = {
  "read-by-path": "reads files by path",
  "write-by-path": "writes files by path",
  folders: "opens folders",
  http: "makes HTTP requests",
  sockets: "connects to anything",
  listening: "waits for connections",
  lookup: "looks names up",
  environment: "reads variables",
  stdin: "reads stdin",
  programs: "starts programs",
  clocks: "tells the time",
  random: "asks for random bytes",
  requests: "answers requests",
};

/**
 * What to say of flags that do nothing for a component, since it imports nothing that they could give or bound: a line for each, with the
 * flag that it needs instead where there is one.
 */
export function idleFlags(flags: GrantFlags & LimitFlags, component: ComponentInterface): readonly string[] {
  const has = facilitiesOf(component);
  const grants = Object.entries(GRANTS).flatMap(([key, need]) =>
    isGiven(flags[key as keyof typeof GRANTS]) ? [need] : [],
  );
  const limits = LIMIT_NAMES.flatMap((name): readonly Need[] => {
    const facilities = LIMITS[name];
    const { flag, key } = LIMIT_FLAGS[name];
    return facilities === undefined || flags[key] === undefined ? [] : [[flag, facilities]];
  });
  const idle = [...grants, ...limits].filter(([, facilities]) => facilities.every((one) => !has.has(one)));
  const custom =
    flags.grant === undefined
      ? []
      : ["--grant does nothing: only the library can give a component functions of your own"];
  return [
    ...idle.map(([flag, facilities]) => {
      const instead = insteadOf(facilities, has);
      const missing = `it imports nothing that ${facilities.map((one) => WORDS[one]).join(" or ")}`;
      return `${flag} does nothing: ${missing}${instead === undefined ? "" : `; ${instead}`}`;
    }),
    ...custom,
  ];
}

/** An empty list and `false` are what was not written. */
function isGiven(value: GrantFlags[keyof GrantFlags]): boolean {
  return value !== undefined && value !== false;
}

/** The flag for what a component has instead: skills name files by path, programs look into folders that were opened. */
function insteadOf(facilities: readonly Facility[], has: ReadonlySet<Facility>): string | undefined {
  if (!facilities.some((one) => FILES.includes(one))) return undefined;
  if (has.has("folders")) return "open a folder for it with --dir HOST[::GUEST][:rw]";
  const flags = [
    ...(has.has("read-by-path") ? ["--allow-fs-read=PATH"] : []),
    ...(has.has("write-by-path") ? ["--allow-fs-write=PATH"] : []),
  ];
  return flags.length === 0 ? undefined : `grant it files with ${flags.join(" and ")}`;
}

/** What a call of a host function is counted as by which a program finds the folders that were opened for it. */
const LOOKS_FOR_FOLDERS =
  /^(?:wasi:filesystem\/preopens(?:@[^#]*)?#get-directories|wasi_snapshot_preview1#(?:fd_prestat_get|path_open))$/;

/** The same for what it does in one. */
const USES_FOLDERS = /#(?:path_|fd_readdir|\[method\]descriptor\.)/;

/**
 * What to say of a guest that failed, looked for folders and had been given none; `undefined` when that is not so, or was said of a flag
 * that does nothing.
 *
 * @param calls Its host calls, by `interface#function`.
 */
export function missingFolderHint(flags: GrantFlags, calls: Readonly<Record<string, number>>): string | undefined {
  const names = Object.keys(calls);
  if (!names.some((name) => LOOKS_FOR_FOLDERS.test(name))) return undefined;
  if (flags.dir !== undefined) {
    if (names.some((name) => USES_FOLDERS.test(name))) return undefined;
    return "its paths begin with the name of no folder that is open for it; --dir HOST::/ opens one for all paths";
  }
  if ([flags.allowFsRead, flags.allowFsWrite].some((one) => one !== undefined)) return undefined;
  return "it looked for folders and none is open for it; --dir HOST[::GUEST][:rw] opens one";
}
