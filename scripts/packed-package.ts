import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./exec.ts";

/** What may be in the package, and nothing else. */
const MAY_BE_PACKED: readonly RegExp[] = [
  /^package\.json$/,
  /^(?:README|CHANGELOG|SECURITY)\.md$/,
  /^LICENSE$/,
  /^docs\/[a-z-]+\.md$/,
  /^docs\/json\.schema\.json$/,
  /^dist\/THIRD-PARTY-LICENSES\.md$/,
  /^dist\/bin\/[^/]+\.js$/,
  /^dist\/types\/(?:[^/]+\/)+[^/]+\.d\.ts$/,
  /^dist\/assets\/skills\/[^/]+\.wasm$/,
  /^dist\/assets\/examples\/calculator\.wasm$/,
  /^dist\/assets\/demo\/demo\.txt$/,
  /^dist\/assets\/wit\/[^/]+\.wit$/,
  /^dist\/assets\/schema\/policy-1\.json$/,
];

/** What must be in the package. */
const MUST_BE_PACKED: readonly string[] = [
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "SECURITY.md",
  "docs/core-modules.md",
  "docs/grants.md",
  "docs/http.md",
  "docs/json.md",
  "docs/json.schema.json",
  "docs/sdk.md",
  "docs/values.md",
  "docs/wasi.md",
  "dist/THIRD-PARTY-LICENSES.md",
  "dist/bin/cordon.js",
  "dist/bin/index.js",
  "dist/types/sandbox/index.d.ts",
];

const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall", "prepare"] as const;

/** Whether a file of the repository may be in the package. */
export function isPacked(path: string): boolean {
  return MAY_BE_PACKED.some((pattern) => pattern.test(path)) || path === "docs";
}

/** Throws unless the packed files are those that should be packed. */
export function checkFileList(files: readonly string[]): void {
  const wrong = [
    ...files.filter((file) => !isPacked(file)).map((file) => `${file} is packed`),
    ...MUST_BE_PACKED.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
  ];
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

/** Throws when a file below the folder holds a path of this machine. */
export function checkMachinePaths(folder: string): void {
  const root = ROOT.replace(/[/\\]$/, "");
  const found = filesBelow(folder).filter((file) => {
    const content = readFileSync(file, "latin1");
    // Compiled modules hold source locations of the machines they were compiled on, whose home may be named like ours.
    const home = file.endsWith(".wasm") ? undefined : homedir();
    // A link of Linux, which is on every machine, and ends like the home of its administrator.
    const own = content.replaceAll("/proc/self/root", "");
    return own.includes(root) || (home !== undefined && home.length > 1 && own.includes(home));
  });
  if (found.length > 0) throw new Error(`paths of this machine are in ${found.join(", ")}`);
}

/** Throws when a package below a `node_modules` folder would run something when it is installed. Returns how many there are. */
export function checkInstallScripts(modules: string): number {
  const manifests = filesBelow(modules).filter((file) => /node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(file));
  for (const manifest of manifests) {
    const { scripts = {} } = JSON.parse(readFileSync(manifest, "utf8")) as {
      readonly scripts?: Readonly<Record<string, string>>;
    };
    // Packages from the registry do not run `prepare` when they are installed; ours must not have one either.
    const own = manifest.endsWith("node_modules/cordon/package.json");
    for (const name of INSTALL_SCRIPTS) {
      if (scripts[name] !== undefined && (own || name !== "prepare"))
        throw new Error(`${manifest} has a script ${name}`);
    }
    if (filesBelow(join(manifest, "..")).some((file) => file.endsWith("binding.gyp"))) {
      throw new Error(`${manifest} has a binding.gyp, which npm compiles on installation`);
    }
  }
  return manifests.length;
}

/** The size of all files below a folder, in bytes. */
export function sizeOf(folder: string): number {
  return filesBelow(folder).reduce((total, file) => total + statSync(file).size, 0);
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
