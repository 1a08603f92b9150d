import { accessSync, constants, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { holdByDescriptor } from "../../host/filesystem/folders/hold-by-descriptor.ts";
import { type Bubblewrap, lookForBubblewrap } from "../../runtime/process/find-bubblewrap.ts";
import { closesNetwork } from "../../runtime/process/node-flags.ts";
import { messageOf } from "../../shared/errors.ts";
import { privateDirectory } from "../../shared/machine/private-directory.ts";
import { cacheDirectory } from "../../shared/machine/xdg.ts";

/** What Cordon can be given by a machine. */
export interface MachineFacts {
  readonly platform: string;
  readonly architecture: string;
  /** Node's version, without a `v`. */
  readonly nodeVersion: string;
  /** Whether a guest can be suspended while the host works. */
  readonly suspendsGuests: boolean;
  readonly permissionModel: boolean;
  /** Whether Node can close the network for a process. */
  readonly closesNetwork: boolean;
  readonly bubblewrap: Bubblewrap;
  /** What keeps unprivileged users from making namespaces; `undefined` where nothing is known to, and off Linux. */
  readonly namespaceBar: string | undefined;
  /** Whether `/proc` is there; `undefined` off Linux. */
  readonly proc: boolean | undefined;
  /** Why folders cannot be held by descriptor; `undefined` where they can, and off Linux. */
  readonly descriptorBar: string | undefined;
  /** `undefined` for a user without a home. */
  readonly cacheFolder: string | undefined;
  /** Why nothing is kept there; `undefined` where it is. */
  readonly cacheBar: string | undefined;
  /** What processes here can have together, in bytes. */
  readonly memoryBytes: number;
  readonly processors: number;
}

/** Looks at this machine, and tries what can only be tried. Makes the cache folder if it is not there. */
export async function lookAtMachine(): Promise<MachineFacts> {
  const isLinux = process.platform === "linux";
  const cacheFolder = cacheDirectory();
  return {
    platform: process.platform,
    architecture: process.arch,
    nodeVersion: process.versions.node,
    suspendsGuests: "Suspending" in WebAssembly && "promising" in WebAssembly,
    permissionModel: process.allowedNodeEnvironmentFlags.has("--permission"),
    closesNetwork: closesNetwork(process.allowedNodeEnvironmentFlags),
    bubblewrap: await lookForBubblewrap(process.env["PATH"] ?? ""),
    namespaceBar: isLinux ? namespaceBar() : undefined,
    proc: isLinux ? isReadable("/proc/self/fd") : undefined,
    descriptorBar: isLinux ? descriptorBar() : undefined,
    cacheFolder,
    cacheBar: cacheBar(cacheFolder),
    // Without a bound it answers 0, or a number that no machine has.
    memoryBytes: Math.min(process.constrainedMemory() || Infinity, totalmem()),
    processors: availableParallelism(),
  };
}

/** Why the folders below the cache's are not used. Makes them. */
function cacheBar(folder: string | undefined): string | undefined {
  if (folder === undefined) return "this user has no home";
  for (const name of ["artifacts", "code"]) {
    const found = privateDirectory(join(folder, name));
    if ("problem" in found) return found.problem;
  }
  return undefined;
}

/** The settings of Linux, and of the distributions that have one of their own, with the value that bars. */
const NAMESPACE_SETTINGS = [
  ["user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", "0"],
  ["kernel.unprivileged_userns_clone", "/proc/sys/kernel/unprivileged_userns_clone", "0"],
  ["kernel.apparmor_restrict_unprivileged_userns", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"],
] as const;

function namespaceBar(): string | undefined {
  for (const [name, path, bars] of NAMESPACE_SETTINGS) {
    if (settingAt(path) === bars) return `${name} is ${bars}`;
  }
  return undefined;
}

function settingAt(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    // This kernel has no such setting.
    return undefined;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Holds the folder of this very file, and looks for it from there. */
function descriptorBar(): string | undefined {
  try {
    const here = fileURLToPath(new URL(".", import.meta.url)).replace(/\/$/u, "");
    using folder = holdByDescriptor.openRoot(here, { paths: [], identities: new Set() });
    using file = folder.look(fileURLToPath(import.meta.url).slice(here.length + 1));
    return file.kind === "file" ? undefined : "what was held was not what was opened";
  } catch (thrown) {
    return messageOf(thrown);
  }
}
