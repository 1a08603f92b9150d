import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { workerUrl } from "../../shared/machine/bundled.ts";

/** The path of the module that a guest process runs. */
export function entryPath(): string {
  return fileURLToPath(workerUrl("guest-process"));
}

/** The folder a guest process starts in. Node lets a worker thread read the one its process is in, so it has to be our own. */
export function ownFolder(): string {
  const entry = entryPath();
  return entry.endsWith(".ts") ? join(dirname(entry), "../../..") : dirname(entry);
}

/**
 * The files and folders that a guest process is read from: Cordon's bundles with the package's description. From the sources, the
 * sources, and all that is installed.
 */
export function ownFiles(): readonly string[] {
  const own = ownFolder();
  const packageRoot = nearest(own, "package.json");
  const manifest = packageRoot === undefined ? [] : [join(packageRoot, "package.json")];
  const libraries = entryPath().endsWith(".ts") ? installed(packageRoot) : [];
  return distinct([own, ...manifest, ...libraries]);
}

/** The certificates that the operator had Node trust, which an encrypted connection of a guest needs as well. */
export function extraCertificates(): string | undefined {
  const path = process.env["NODE_EXTRA_CA_CERTS"];
  return path !== undefined && path !== "" && existsSync(path) ? realpathSync(path) : undefined;
}

function installed(packageRoot: string | undefined): readonly string[] {
  return packageRoot === undefined ? [] : [join(packageRoot, "node_modules")].filter((path) => existsSync(path));
}

function nearest(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** Where packages are linked into place, both the link and what it leads to are needed. */
function distinct(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.flatMap((path) => [path, realpathSync(path)]))];
}
