import { isSupportedNode, NODE_FLOOR } from "../../shared/machine/node-floor.ts";
import type { MachineFacts } from "./machine.ts";

/** Less than a few guests' worth of memory, in bytes. */
const LITTLE_MEMORY = 1024 * 1024 * 1024;

/** How a machine does in one respect. `weak`: Cordon runs, with less between a guest and the machine than there could be. */
export type CheckState = "ok" | "weak" | "missing";

/** What was found in one respect. */
export interface MachineCheck {
  readonly name: string;
  readonly state: CheckState;
  /** What there is, in a few words. */
  readonly found: string;
  /** What it means for guests. */
  readonly meaning: string;
  /** What to do about it; `undefined` when there is nothing to be done. */
  readonly remedy: string | undefined;
}

/** What a level of isolation gives on a machine. */
export interface LevelVerdict {
  readonly level: "thread" | "process";
  readonly state: CheckState;
  readonly gives: string;
}

/** What can be expected of a machine. */
export interface Diagnosis {
  /** Whether guests can be run at all. */
  readonly fit: boolean;
  readonly checks: readonly MachineCheck[];
  readonly levels: readonly LevelVerdict[];
}

/** Judges what was found on a machine. */
export function diagnose(facts: MachineFacts): Diagnosis {
  const isLinux = facts.platform === "linux";
  const checks = [
    node(facts),
    suspension(facts),
    permissions(facts),
    network(facts),
    ...(isLinux ? [bubblewrap(facts), namespaces(facts), proc(facts), descriptors(facts)] : [otherSystem(facts)]),
    cache(facts),
    resources(facts),
  ];
  const fit = checks.every(({ name, state }) => state !== "missing" || !NEEDED.has(name));
  return { fit, checks, levels: [thread(facts, fit), process(facts, fit)] };
}

/** The same on a Node that is too old to look any further with. */
export function diagnoseOldNode(facts: Pick<MachineFacts, "nodeVersion" | "architecture">): Diagnosis {
  return { fit: false, checks: [node(facts)], levels: [NO_THREAD, NO_PROCESS] };
}

/** Without these, no guest runs. */
const NEEDED: ReadonlySet<string> = new Set(["node", "suspension"]);

function check(name: string, state: CheckState, found: string, meaning: string, remedy?: string): MachineCheck {
  return { name, state, found, meaning, remedy };
}

function node({ nodeVersion, architecture }: Pick<MachineFacts, "nodeVersion" | "architecture">): MachineCheck {
  const found = `${nodeVersion} on ${architecture}`;
  if (isSupportedNode(nodeVersion)) return check("node", "ok", found, "Cordon runs on it");
  return check("node", "missing", found, "Cordon does not run on it", `install Node ${NODE_FLOOR} or later`);
}

function suspension({ suspendsGuests }: MachineFacts): MachineCheck {
  if (suspendsGuests) return check("suspension", "ok", "JSPI", "a guest that waits holds no thread up");
  const meaning = "guests cannot wait for the host, so none can be run";
  return check("suspension", "missing", "no JSPI", meaning, "install a Node that has WebAssembly.Suspending");
}

function permissions({ permissionModel }: MachineFacts): MachineCheck {
  if (permissionModel) {
    return check(
      "permissions",
      "ok",
      "Node's permission model",
      "a guest process is kept from files and programs by Node",
    );
  }
  const meaning = "Node keeps a guest process from nothing; the level process cannot be had";
  return check("permissions", "missing", "no permission model", meaning, "install Node 24 or later");
}

function network(facts: MachineFacts): MachineCheck {
  if (facts.closesNetwork) return check("network", "ok", "--allow-net", "Node closes the network to a guest process");
  if (facts.bubblewrap.kind === "working") {
    return check(
      "network",
      "ok",
      "closed by bubblewrap",
      "this Node cannot close the network to a guest process; bubblewrap does",
    );
  }
  const meaning = "an escaped guest has the network, whatever is granted: this Node cannot close it";
  return check("network", "weak", "open", meaning, "install Node 25 or later, or bubblewrap");
}

function bubblewrap({ bubblewrap: found }: MachineFacts): MachineCheck {
  switch (found.kind) {
    case "working":
      return check(
        "bubblewrap",
        "ok",
        `${found.version} at ${found.path}`,
        "a guest process sees what is granted and nothing else",
      );
    case "refused":
      return check(
        "bubblewrap",
        "weak",
        `cannot make a sandbox: ${found.reason}`,
        "a guest process is kept from the rest by Node's own flags alone",
        "allow this user to make user namespaces; in a container, one needs seccomp and AppArmor profiles that do",
      );
    default:
      return check(
        "bubblewrap",
        "weak",
        "not installed",
        "a guest process is kept from the rest by Node's own flags alone",
        "install it: apt-get install bubblewrap, dnf install bubblewrap, apk add bubblewrap",
      );
  }
}

function namespaces({ namespaceBar, bubblewrap: found }: MachineFacts): MachineCheck {
  const works = found.kind === "working";
  if (namespaceBar === undefined) {
    return check(
      "namespaces",
      "ok",
      works ? "made" : "not barred",
      "bubblewrap can give a guest process a world of its own",
    );
  }
  // Root may, and some programs have a profile that lets them.
  if (works) return check("namespaces", "ok", `made, though ${namespaceBar}`, "bubblewrap may make them all the same");
  return check(
    "namespaces",
    "weak",
    namespaceBar,
    "bubblewrap cannot work for this user",
    "have the administrator change this setting, or give bwrap a profile that allows it",
  );
}

function proc({ proc: isThere }: MachineFacts): MachineCheck {
  if (isThere === true) return check("/proc", "ok", "mounted", "folders can be held by descriptor");
  return check("/proc", "missing", "not there", "no guest can be given files: they are opened through it", "mount it");
}

function descriptors({ descriptorBar }: MachineFacts): MachineCheck {
  if (descriptorBar === undefined) {
    return check("descriptors", "ok", "held", "no race with links and renames leads out of a granted folder");
  }
  return check(
    "descriptors",
    "missing",
    descriptorBar,
    "no guest can be given files",
    "see what keeps /proc/self/fd from being used",
  );
}

function otherSystem({ platform }: MachineFacts): MachineCheck {
  const meaning = "files are held by path and identity, and no sandbox of the system is used";
  return check("system", "weak", platform, meaning, "run guests that nobody vouches for on Linux");
}

function cache({ cacheFolder, cacheBar }: MachineFacts): MachineCheck {
  if (cacheBar === undefined) return check("cache", "ok", cacheFolder ?? "", "components are made ready once");
  return check(
    "cache",
    "weak",
    cacheBar,
    "components are made ready anew each time: what others can write to or exchange is never run",
    "set XDG_CACHE_HOME to a folder that only this user and root can write to, and of which that is true up to the root",
  );
}

function resources({ memoryBytes, processors }: MachineFacts): MachineCheck {
  const found = `${(memoryBytes / 1024 ** 3).toFixed(1)} GiB, ${processors} ${processors === 1 ? "processor" : "processors"}`;
  if (memoryBytes >= LITTLE_MEMORY) return check("resources", "ok", found, "as many worker threads as processors");
  return check(
    "resources",
    "weak",
    found,
    "a few guests at once can use it up",
    "set --max-memory to less than its default",
  );
}

const NO_THREAD: LevelVerdict = {
  level: "thread",
  state: "missing",
  gives: "nothing: guests cannot be run here",
};

const NO_PROCESS: LevelVerdict = { level: "process", state: "missing", gives: "nothing: it cannot be had here" };

function thread({ descriptorBar, proc: hasProc }: MachineFacts, fit: boolean): LevelVerdict {
  if (!fit) return NO_THREAD;
  const hasFiles = descriptorBar === undefined && hasProc !== false;
  const gives = "WebAssembly and the checks of every host call; a guest that breaks out of both has this process";
  return { level: "thread", state: "ok", gives: hasFiles ? gives : `${gives}; no files` };
}

function process(facts: MachineFacts, fit: boolean): LevelVerdict {
  const level = "process";
  if (!fit || !facts.permissionModel) return NO_PROCESS;
  if (facts.bubblewrap.kind === "working") {
    return {
      level,
      state: "ok",
      gives: "also a process that sees only what is granted: its files, its network, no other process",
    };
  }
  const open = [
    "hostile machine code",
    ...(facts.closesNetwork ? [] : ["the network"]),
    "signals to this user's processes",
    "what lies beside granted folders",
  ];
  const gives = `also a process that Node's flags confine; they do not hold against ${open.join(", ")}`;
  return { level, state: "weak", gives };
}
