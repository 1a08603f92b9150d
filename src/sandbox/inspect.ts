import { decodeComponent } from "../component/decode/decode-component.ts";
import { digestOf } from "../component/digest.ts";
import { HOST_INTERFACES } from "../host/interfaces.ts";
import type { ComponentInterface } from "../shared/wit.ts";
import { callableExports } from "./exports.ts";
import { importProblems } from "./imports.ts";
import { type ComponentSource, readComponent } from "./source.ts";

/** Something outside itself that a component could reach if it were granted. */
export interface Reach {
  /** The interface it imports. */
  readonly interface: string;
  /** What the interface gives access to, in words. */
  readonly access: string;
  /** The flag that grants it; `undefined` when this version does not provide the interface. */
  readonly flag: string | undefined;
}

/** What is known of a component without running it. */
export interface Inspection {
  readonly name: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Size, in bytes. */
  readonly bytes: number;
  readonly coreModules: number;
  /** The tools that made it, as it says itself. */
  readonly producers: readonly { readonly field: string; readonly name: string; readonly version: string }[];
  readonly interface: ComponentInterface;
  /** Names of the functions that can be called. */
  readonly callable: readonly string[];
  readonly reach: readonly Reach[];
  /** Whether every import is provided with the type it is declared with, so that it can run. */
  readonly runnable: boolean;
  /** The imports that keep it from running, each with what is wrong with it where it is there at all. */
  readonly missing: readonly string[];
}

const ACCESS: Readonly<Record<string, { readonly access: string; readonly flag: string }>> = {
  "sandbox:skill/filesystem-read": { access: "read files", flag: "--allow-fs-read[=PATH]" },
  "sandbox:skill/filesystem-write": { access: "write files", flag: "--allow-fs-write[=PATH]" },
  "sandbox:skill/network": { access: "make HTTP requests", flag: "--allow-network[=HOST[:PORT]]" },
};

/**
 * Looks into a component without transpiling or running it.
 *
 * @throws CordonError `usage`, `invalid-component`, `limit` or `host`.
 */
export async function inspect(source: ComponentSource): Promise<Inspection> {
  const { bytes, name } = await readComponent(source);
  const decoded = decodeComponent(bytes);
  const { imports } = decoded.interface;
  const reach: readonly Reach[] = [
    ...imports.interfaces
      .filter(({ functions, resources }) => functions.length + resources.length > 0)
      .map(({ name: imported }) => reachOf(imported)),
    ...imports.functions.map(({ name: imported }) => reachOf(imported)),
    ...imports.other.map(({ name: imported }) => reachOf(imported)),
  ];
  const missing = importProblems(decoded.interface, HOST_INTERFACES);
  return {
    name,
    digest: digestOf(bytes),
    bytes: bytes.length,
    coreModules: decoded.coreModules.length,
    producers: decoded.producers,
    interface: decoded.interface,
    callable: callableExports(decoded.interface).map((one) => one.name),
    reach,
    runnable: missing.length === 0,
    missing,
  };
}

function reachOf(name: string): Reach {
  const provided = HOST_INTERFACES.some((host) => host.name === name);
  const known = Object.hasOwn(ACCESS, name) ? ACCESS[name] : undefined;
  if (!provided || known === undefined) {
    return { interface: name, access: "not provided by this version", flag: undefined };
  }
  return { interface: name, ...known };
}
