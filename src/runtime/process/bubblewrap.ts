import type { Confinement } from "./confinement.ts";

/** What bubblewrap is to run, and what of this machine that needs. */
export interface Wrapped {
  /** The absolute path of the program, and its arguments. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** The folder it starts in. */
  readonly cwd: string;
  readonly confinement: Confinement;
  /** Files and folders to be read beside those granted: the program, its libraries, Cordon itself. */
  readonly needed: readonly string[];
  /** Files and folders that exist for who uses the network: names, certificates. */
  readonly neededForNetwork: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Whether this bubblewrap can refuse the program user namespaces of its own: from 0.8 on. */
  readonly disablesUserNamespaces: boolean;
}

/**
 * The arguments with which bubblewrap runs a program that sees the granted folders, what it needs to run, its own processes and
 * nothing else: no other file, no other process, no network unless granted, no capability, no terminal.
 */
export function bubblewrapArguments(wrapped: Wrapped): readonly string[] {
  const { confinement, environment } = wrapped;
  return [
    "--unshare-all",
    "--unshare-user",
    ...(wrapped.disablesUserNamespaces ? ["--disable-userns"] : []),
    ...(confinement.network ? ["--share-net"] : []),
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--clearenv",
    ...Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]),
    ...mounts(wrapped).flatMap(({ flag, path }) =>
      flag === "--dev" || flag === "--proc" ? [flag, path] : [flag, path, path],
    ),
    // What the folders lie in is made of memory, and is not to be written either.
    ...["/dev", "/"].flatMap((path) => (confinement.write.includes(path) ? [] : ["--remount-ro", path])),
    "--chdir",
    wrapped.cwd,
    "--",
    wrapped.program,
    ...wrapped.arguments,
  ];
}

interface Mount {
  readonly flag: "--ro-bind" | "--ro-bind-try" | "--bind-try" | "--dev" | "--proc";
  readonly path: string;
}

/**
 * Outer folders before those within them, which would be covered otherwise. Of those with one path the last is made: no grant
 * makes Cordon or a library writable, or shows the processes and devices of this machine. What was granted and is gone by the time
 * that it is mounted is left out.
 */
function mounts({ confinement, needed, neededForNetwork }: Wrapped): readonly Mount[] {
  const byPath = new Map<string, Mount>();
  const add = (flag: Mount["flag"], paths: readonly string[]): void => {
    for (const path of paths) byPath.set(path, { flag, path });
  };
  add("--ro-bind-try", confinement.read);
  add("--bind-try", confinement.write);
  add("--ro-bind-try", confinement.readOnlyWithin);
  if (confinement.network) add("--ro-bind-try", neededForNetwork);
  add("--ro-bind", needed);
  add("--dev", ["/dev"]);
  add("--proc", ["/proc"]);
  return [...byPath.values()].toSorted((one, other) => depthOf(one.path) - depthOf(other.path));
}

function depthOf(path: string): number {
  return path.split("/").filter((name) => name !== "").length;
}
