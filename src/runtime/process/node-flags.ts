import { MAX_DETOURS, withDetours } from "../../host/filesystem/paths/reachable-path.ts";
import { CordonError } from "../../shared/errors.ts";
import { MOUNT_TABLE } from "../../shared/machine/file-systems.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { type Confinement, outermost } from "./confinement.ts";

/** What a guest process and its threads are told of Node's permission model. */
export interface NodeFlags {
  /** For the process. Its main thread runs no guest; it starts threads, and reads what Cordon is made of. */
  readonly main: readonly string[];
  /** For its worker threads, where guests run. Threads inherit nothing: one without these flags would have every permission. */
  readonly worker: readonly string[];
}

/** What the flags depend on, besides the confinement. */
export interface NodeFlagsFor {
  /** Files and folders that Cordon itself is read from. */
  readonly own: readonly string[];
  /** The flags that this Node knows; of modules that its permission model does not cover, those are switched off that it has. */
  readonly known: ReadonlySet<string>;
  /** Whether the operating system's sandbox shows it nothing but what is granted. */
  readonly wrapped: boolean;
  /** Whether folders are held by descriptor, under paths of `/proc/self/fd`. */
  readonly byDescriptor: boolean;
}

/** Modules of Node that reach files or memory past the permission model, by the flags that have them. */
const UNCOVERED = ["experimental-sqlite", "experimental-webstorage", "experimental-ffi"];

/**
 * What is held by descriptor is reached by these paths. Node compares paths as texts, with `..` taken out of them: were all of
 * `/proc/self/fd` allowed, `/proc/self/fd/N/..` would open the folder above a held one, and so on up to the root. No path that
 * goes on with a digit is that folder's. See docs/isolation.md for what is left open without bubblewrap.
 */
const HELD = Array.from({ length: 10 }, (_, digit) => `/proc/self/fd/${digit}*`);

/** Whether a Node with these flags can close the network for a process: from 25 on. */
export function closesNetwork(known: ReadonlySet<string>): boolean {
  return known.has("--allow-net");
}

/**
 * Node's flags for a confinement.
 *
 * @throws CordonError `policy` for granted paths that Node's permission model has no flags for: one with a `*`, which stands for any
 * path that begins like it, and a folder whose name too many others begin with.
 */
export function nodeFlags(confinement: Confinement, { own, known, wrapped, byDescriptor }: NodeFlagsFor): NodeFlags {
  const { read, write, network } = confinement;
  const modules = UNCOVERED.filter((name) => known.has(`--${name}`)).map((name) => `--no-${name}`);
  const isLeftToSystem = wrapped && write.length > 0;
  const held = byDescriptor && read.length + write.length > 0 ? HELD : [];
  const files = isLeftToSystem
    ? EVERYTHING
    : [
        ...allowing("read", distinguished([...read, ...write], own, byDescriptor)),
        ...allowing("write", write),
        ...held.map((path) => `--allow-fs-read=${path}`),
        ...(held.length > 0 ? [`--allow-fs-read=${MOUNT_TABLE}`] : []),
        ...(write.length > 0 ? held.map((path) => `--allow-fs-write=${path}`) : []),
      ];
  return {
    main: [
      "--permission",
      ...allowing("read", outermost(own)),
      ...modules,
      "--allow-worker",
      "--disable-sigusr1",
      "--disable-warning=PERM0006",
    ],
    worker: ["--permission", ...files, ...modules, ...(network && closesNetwork(known) ? ["--allow-net"] : [])],
  };
}

/** Node makes links for those only who may read and write everything. In the system's sandbox that is what was granted. */
const EVERYTHING = ["--allow-fs-read=*", "--allow-fs-write=*"];

/** The flags for files and folders with everything below them. Of a path and one within it, Node would lose the outer one. */
function allowing(access: "read" | "write", paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => [`--allow-fs-${access}=${checked(path)}`, `--allow-fs-${access}=${below(path)}`]);
}

/** Granted paths by so many detours that none begins with the name of another, and Cordon's own, where they are not within those. */
function distinguished(granted: readonly string[], own: readonly string[], byDescriptor: boolean): readonly string[] {
  const taken = outermost([...granted, ...own]).filter((path) => !granted.includes(path));
  for (const path of granted.toSorted((one, other) => other.length - one.length)) {
    let detours = 0;
    while (taken.some((other) => other.startsWith(withDetours(path, detours)))) detours += 1;
    if (detours > (byDescriptor ? MAX_DETOURS : 0)) throw indistinct(path);
    taken.push(withDetours(path, detours));
  }
  return taken;
}

function below(path: string): string {
  return path.endsWith("/") ? `${path}*` : `${path}/*`;
}

function indistinct(path: string): CordonError {
  const message = `Cannot isolate the component in a process: Node cannot tell ${quoteText(path, 200)} from other granted paths`;
  return new CordonError(
    "policy",
    `${message} that begin with it; grant another folder, or use the isolation level thread`,
  );
}

function checked(path: string): string {
  if (!path.includes("*")) return path;
  const message = `Cannot isolate the component in a process: Node takes the * in ${quoteText(path, 200)} for any name`;
  throw new CordonError("policy", `${message}; grant another folder, or use the isolation level thread`);
}
