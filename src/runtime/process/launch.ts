import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { totalmem } from "node:os";
import { bubblewrapArguments } from "./bubblewrap.ts";
import { type Confinement, isWithinAny } from "./confinement.ts";
import type { Bubblewrap } from "./find-bubblewrap.ts";
import { GrantedRoots } from "./granted-roots.ts";
import { CHANNEL } from "./messages.ts";
import { filesForNetwork, sharedLibraries } from "./needed-files.ts";
import { type NodeFlags, nodeFlags } from "./node-flags.ts";
import { entryPath, extraCertificates, ownFiles, ownFolder } from "./own-files.ts";

/** How a guest process is to be started. */
export interface LaunchPlan {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** What its worker threads are started with. */
  readonly workerFlags: readonly string[];
  /** Whether a process of this plan shows what is not at a granted path any more, so that another has to be started. */
  readonly isOutdated: () => boolean;
}

/** What else a plan depends on. */
export interface LaunchOptions {
  readonly confinement: Confinement;
  /** Whether bubblewrap wraps it, and which. */
  readonly bubblewrap: Extract<Bubblewrap, { readonly kind: "working" }> | undefined;
  /** The module to run; default the one that runs guests. */
  readonly entry?: string;
  /** Files and folders that the module is read from, beside Cordon's own. */
  readonly entryFiles?: readonly string[];
}

/** The shell that sets limits which Node has no function for, with where it is on every Linux. */
const SHELL = "/bin/sh";

/** Never more than half of the machine's memory, and never less than this, in bytes. */
const LEAST_MEMORY = 2 * 1024 * 1024 * 1024;

/**
 * How to start a guest process: Node with the flags of its permission model, with an empty environment, inside bubblewrap where it
 * works, and with a bound on its memory where the system has one.
 *
 * @throws CordonError `policy` when the confinement cannot be told to Node.
 */
export function planLaunch({
  confinement,
  bubblewrap,
  entry = entryPath(),
  entryFiles = [],
}: LaunchOptions): LaunchPlan {
  const own = [...ownFiles(), ...entryFiles];
  const flags = flagsFor(confinement, own, bubblewrap !== undefined);
  const certificates = confinement.network ? extraCertificates() : undefined;
  const environment: Record<string, string> = certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates };
  const node = { program: process.execPath, arguments: [...flags.main, entry] };
  const started = { environment, cwd: ownFolder(), workerFlags: flags.worker, isOutdated: () => false };
  if (bubblewrap === undefined) return { ...withMemoryBound(node), ...started };
  const libraries = sharedLibraries();
  const roots = new GrantedRoots(confinement);
  const wrapped = {
    program: bubblewrap.path,
    arguments: bubblewrapArguments({
      ...node,
      cwd: ownFolder(),
      confinement: roots.present,
      needed: mountPoints([process.execPath, ...libraries, ...own], roots.present),
      neededForNetwork: mountPoints(filesForNetwork(libraries, certificates), roots.present),
      environment,
      disablesUserNamespaces: bubblewrap.disablesUserNamespaces,
    }),
  };
  return { ...withMemoryBound(wrapped), ...started, cwd: "/", isOutdated: () => roots.changed };
}

/**
 * Where files are mounted. Links in a granted folder are there as they are, and nothing can be mounted on what they lead to while the
 * rest is not in place: there it is mounted where it really is.
 */
function mountPoints(paths: readonly string[], { read, write }: Confinement): readonly string[] {
  const granted = [...read, ...write];
  return paths.map((path) => (isWithinAny(path, granted) && existsSync(path) ? realpathSync(path) : path));
}

/** Whether processes have groups, which can be ended together. */
const HAS_GROUPS = process.platform !== "win32";

/**
 * Starts a guest process. Its stdin and stdout lead nowhere; two pipes of its own are the way to it and back. It ends with this
 * process, since it reads from one of them.
 */
export function launch({ program, arguments: words, environment, cwd }: LaunchPlan): ChildProcess {
  return spawn(program, words, {
    cwd,
    env: environment,
    stdio: ["ignore", "ignore", "pipe", ...channel()],
    detached: HAS_GROUPS,
    windowsHide: true,
    shell: false,
  });
}

/**
 * Ends a guest process at once, and what it has started. Bubblewrap's own processes end with the first of them, but not before
 * they have asked the kernel to see to it; the group has them all until then.
 */
export function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (HAS_GROUPS) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has just begun, or is just gone.
  }
  child.kill("SIGKILL");
}

function channel(): readonly "pipe"[] {
  return Object.values(CHANNEL).map(() => "pipe");
}

function flagsFor(confinement: Confinement, own: readonly string[], wrapped: boolean): NodeFlags {
  return nodeFlags(confinement, {
    own,
    wrapped,
    known: process.allowedNodeEnvironmentFlags,
    byDescriptor: process.platform === "linux",
  });
}

/**
 * Has the kernel bound the memory that the program can write to, and leave no core file. What V8 reserves without using is not
 * counted. The variables that a shell sets are taken back.
 */
function withMemoryBound(
  started: Pick<LaunchPlan, "program" | "arguments">,
): Pick<LaunchPlan, "program" | "arguments"> {
  if (process.platform !== "linux" || !existsSync(SHELL)) return started;
  const kibibytes = Math.round(Math.max(totalmem() / 2, LEAST_MEMORY) / 1024);
  const script = `ulimit -c 0; ulimit -d ${kibibytes}; unset PWD OLDPWD SHLVL _; exec "$@"`;
  return { program: SHELL, arguments: ["-c", script, "cordon", started.program, ...started.arguments] };
}
