import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** How long bubblewrap may take to show that it works, in milliseconds. */
const TRIAL_MS = 10_000;

/** How much of what it says is kept, in UTF-16 code units. */
const MAX_SAID = 300;

/** What there is of bubblewrap on this machine. */
export type Bubblewrap =
  | {
      readonly kind: "working";
      readonly path: string;
      readonly version: string;
      readonly disablesUserNamespaces: boolean;
    }
  /** It is there, and cannot make a sandbox here. */
  | { readonly kind: "refused"; readonly path: string; readonly reason: string }
  | { readonly kind: "missing" }
  /** This is no Linux. */
  | { readonly kind: "unsupported" };

let found: Promise<Bubblewrap> | undefined;

/** Looks for bubblewrap and tries it, once in a process. */
export function findBubblewrap(): Promise<Bubblewrap> {
  found ??= lookForBubblewrap(process.env["PATH"] ?? "");
  return found;
}

/** The same without remembering, in the given list of folders. */
export async function lookForBubblewrap(searchPath: string): Promise<Bubblewrap> {
  if (process.platform !== "linux") return { kind: "unsupported" };
  const path = searchPath
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, "bwrap"))
    .find(isExecutable);
  if (path === undefined) return { kind: "missing" };
  const disable = await tried(path, ["--unshare-user", "--disable-userns"]);
  const plain = disable.works ? disable : await tried(path, ["--unshare-user"]);
  if (!plain.works) return { kind: "refused", path, reason: plain.said };
  const version = await tried(path, undefined);
  return {
    kind: "working",
    path,
    version: version.said.replace(/^bubblewrap\s+/u, ""),
    disablesUserNamespaces: disable.works,
  };
}

interface Trial {
  readonly works: boolean;
  readonly said: string;
}

/** Runs Node in namespaces of every kind, with a `/proc` of its own: what a guest process gets. */
function tried(path: string, flags: readonly string[] | undefined): Promise<Trial> {
  const mounts = ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"];
  const words = flags === undefined ? ["--version"] : [...mounts, ...flags, "--", process.execPath, "--version"];
  return new Promise((resolve) => {
    execFile(path, words, { env: {}, cwd: "/", timeout: TRIAL_MS, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      const said = error === null ? stdout : stderr === "" ? error.message : stderr;
      resolve({ works: error === null, said: said.trim().replaceAll(/\s+/gu, " ").slice(0, MAX_SAID) });
    });
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
