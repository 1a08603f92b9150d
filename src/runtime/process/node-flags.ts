import { CordonError } from "../../shared/errors.ts";
import { MOUNT_TABLE } from "../../shared/file-systems.ts";
import { quoteText } from "../../shared/quote-text.ts";
import type { Confinement } from "./confinement.ts";

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

/** Folders that are held by descriptor are reached by these paths. See docs/isolation.md for what it costs without bubblewrap. */
const HELD = "/proc/self/fd/*";

/** Whether a Node with these flags can close the network for a process: from 25 on. */
export function closesNetwork(known: ReadonlySet<string>): boolean {
  return known.has("--allow-net");
}

/**
 * Node's flags for a confinement.
 *
 * @throws CordonError `policy` for a granted path with a `*`, which Node would take for any path that begins like it.
 */
export function nodeFlags(confinement: Confinement, { own, known, wrapped, byDescriptor }: NodeFlagsFor): NodeFlags {
  const { write, network } = confinement;
  const common = [
    "--permission",
    ...own.flatMap((path) => reading(path)),
    ...UNCOVERED.filter((name) => known.has(`--${name}`)).map((name) => `--no-${name}`),
  ];
  return {
    main: [...common, "--allow-worker", "--disable-sigusr1", "--disable-warning=PERM0006"],
    worker: [
      ...common,
      ...(wrapped && write.length > 0 ? EVERYTHING : foldersOf(confinement, byDescriptor)),
      ...(network && closesNetwork(known) ? ["--allow-net"] : []),
    ],
  };
}

/** Node makes links for those only who may read and write everything. In the system's sandbox that is what was granted. */
const EVERYTHING = ["--allow-fs-read=*", "--allow-fs-write=*"];

function foldersOf({ read, write }: Confinement, byDescriptor: boolean): readonly string[] {
  const held = byDescriptor && read.length + write.length > 0;
  return [
    ...[...read, ...write].flatMap((path) => reading(path)),
    ...write.flatMap((path) => writing(path)),
    ...(held ? [`--allow-fs-read=${HELD}`, `--allow-fs-read=${MOUNT_TABLE}`] : []),
    ...(held && write.length > 0 ? [`--allow-fs-write=${HELD}`] : []),
  ];
}

function reading(path: string): readonly string[] {
  return [`--allow-fs-read=${checked(path)}`, `--allow-fs-read=${below(path)}`];
}

function writing(path: string): readonly string[] {
  return [`--allow-fs-write=${checked(path)}`, `--allow-fs-write=${below(path)}`];
}

function below(path: string): string {
  return path.endsWith("/") ? `${path}*` : `${path}/*`;
}

function checked(path: string): string {
  if (!path.includes("*")) return path;
  const message = `Cannot isolate the component in a process: Node takes the * in ${quoteText(path, 200)} for any name`;
  throw new CordonError("policy", `${message}; grant another folder, or use the isolation level thread`);
}
