import { fullName, type NamedInterface, withoutVersion } from "../../shared/wit/interface-name.ts";
import { PREVIEW1_MODULE } from "../../shared/plan/core-module.ts";
import type { ComponentInterface, WitInterface } from "../../shared/wit/wit.ts";

/** The grants that a component can be told to need, by their place in `grants`. */
export const REACH_GRANTS = [
  "filesystem.read",
  "filesystem.write",
  "filesystem.preopens",
  "network.hosts",
  "network.allow",
  "listen",
  "lookup",
  "environment",
  "stdin",
  "process",
  "clocks",
  "random",
] as const;

/** One of them. */
export type ReachGrant = (typeof REACH_GRANTS)[number];

/** Something outside itself that a component could reach if it were granted. */
export interface Reach {
  /** The interface it imports; the one that is implemented, where it is imported under a name of the component's own. */
  readonly interface: string;
  /** What the interface gives access to, in words. */
  readonly access: string;
  /** The members of `grants` that allow it, all of them or some; empty when it reaches nothing of the host and needs none. */
  readonly grants: readonly ReachGrant[];
}

interface Access {
  readonly access: string;
  readonly grants?: readonly ReachGrant[];
}

/** The access of an interface that nothing provides. */
export const NOT_PROVIDED = "not provided by this version";

const NOTHING: Access = { access: "nothing of the host" };
const FILES: Access = {
  access: "files and folders below preopened ones",
  grants: ["filesystem.preopens"],
};
const SOCKETS: Access = { access: "raw connections and datagrams", grants: ["network.allow"] };
const LISTENING: Access = {
  access: "raw connections, and waiting for them",
  grants: ["network.allow", "listen"],
};
const RANDOM: Access = { access: "random bytes (seeded, unless granted)", grants: ["random"] };
const TERMINAL: Access = { access: "nothing: a guest never sees the terminal" };

/** By the interface's name without its version. */
const ACCESS: Readonly<Record<string, Access>> = {
  "sandbox:skill/filesystem-read": { access: "read files", grants: ["filesystem.read"] },
  "sandbox:skill/filesystem-write": {
    access: "write files",
    grants: ["filesystem.write"],
  },
  "sandbox:skill/network": {
    access: "make HTTP requests",
    grants: ["network.hosts"],
  },
  "wasi:cli/environment": {
    access: "its arguments, and environment variables",
    grants: ["environment"],
  },
  "wasi:cli/stdin": { access: "the stdin it is given", grants: ["stdin"] },
  "wasi:cli/stdout": { access: "its own output, bounded" },
  "wasi:cli/stderr": { access: "its own output, bounded" },
  "wasi:cli/exit": { access: "its own end" },
  "wasi:cli/terminal-input": TERMINAL,
  "wasi:cli/terminal-output": TERMINAL,
  "wasi:cli/terminal-stdin": TERMINAL,
  "wasi:cli/terminal-stdout": TERMINAL,
  "wasi:cli/terminal-stderr": TERMINAL,
  "wasi:clocks/wall-clock": {
    access: "the time of day (else a clock of its own)",
    grants: ["clocks"],
  },
  "wasi:clocks/monotonic-clock": { access: "the time that passes, from its own start" },
  "wasi:filesystem/types": FILES,
  "wasi:filesystem/preopens": FILES,
  "wasi:http/types": NOTHING,
  "wasi:http/outgoing-handler": { access: "make HTTP requests", grants: ["network.allow"] },
  "wasi:io/error": NOTHING,
  "wasi:io/poll": NOTHING,
  "wasi:io/streams": NOTHING,
  "wasi:random/random": RANDOM,
  "wasi:random/insecure": RANDOM,
  "wasi:random/insecure-seed": RANDOM,
  "wasi:sockets/instance-network": NOTHING,
  "wasi:sockets/network": NOTHING,
  "wasi:sockets/tcp": LISTENING,
  "wasi:sockets/tcp-create-socket": SOCKETS,
  "wasi:sockets/udp": LISTENING,
  "wasi:sockets/udp-create-socket": SOCKETS,
  "wasi:sockets/ip-name-lookup": { access: "look host names up", grants: ["lookup"] },
  "cordon:process/run": { access: "run programs of the host", grants: ["process"] },
  "cordon:vak/host": {
    access: "files, environment variables and a log",
    grants: ["filesystem.read", "filesystem.write", "environment"],
  },
};

/** What the functions of preview 1 give access to, by how their names begin; the first that fits counts. */
const PREVIEW1_ACCESS: readonly (readonly [RegExp, Access])[] = [
  [/^path_|^fd_prestat|^fd_readdir$/, FILES],
  [/^sock_/, { access: "connections that come in", grants: ["listen"] }],
  [/^environ_/, { access: "environment variables", grants: ["environment"] }],
  [/^random_/, RANDOM],
  [/^clock_/, { access: "the time of day (else a clock of its own)", grants: ["clocks"] }],
  [/^fd_read$|^poll_/, { access: "the stdin it is given", grants: ["stdin"] }],
];

/** What a component could reach through each thing it imports. */
export function reachOf(
  { imports }: ComponentInterface,
  isProvided: (imported: NamedInterface) => boolean,
): readonly Reach[] {
  const all: readonly NamedInterface[] = [
    ...imports.interfaces.filter(({ functions, resources }) => functions.length + resources.length > 0),
    ...imports.functions.map(({ name }) => ({ name })),
    ...imports.other,
  ];
  const named = [...new Map(all.map((one) => [fullName(one), one])).values()];
  const preview1 = imports.interfaces.find(({ name }) => name === PREVIEW1_MODULE);
  const ofPreview1 = preview1 === undefined ? [] : preview1Reach(preview1);
  const others = named.filter(({ name }) => name !== PREVIEW1_MODULE);
  const rest = others.map((one) => {
    const name = fullName(one);
    const key = withoutVersion(name);
    const known = Object.hasOwn(ACCESS, key) ? ACCESS[key] : undefined;
    if (!isProvided(one)) return { interface: name, access: NOT_PROVIDED, grants: [] };
    return { interface: name, grants: [], ...(known ?? { access: "what the embedder's function gives" }) };
  });
  return [...ofPreview1, ...rest];
}

function preview1Reach({ name, functions }: WitInterface): readonly Reach[] {
  const found = PREVIEW1_ACCESS.filter(([names]) => functions.some((one) => names.test(one.name)));
  const reach = found.map(([, access]) => ({ interface: name, grants: [], ...access }));
  return reach.length > 0 ? reach : [{ interface: name, access: "its own output and its own end", grants: [] }];
}
