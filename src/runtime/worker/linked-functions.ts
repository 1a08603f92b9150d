import type { HostFunction, HostInterface } from "../../host/capability.ts";
import { customInterfaces } from "../../host/custom/custom-interfaces.ts";
import { versionedName } from "../../shared/wit/interface-name.ts";
import type { ComponentProgram, Program } from "../messages.ts";
import { pathKey } from "../path-key.ts";

/** A function of the host's that a component imports. */
export interface LinkedFunction {
  readonly provided: HostFunction;
  /** What its calls are counted under: `interface#function`. */
  readonly label: string;
  /** Whether its WIT result is a `result`, so that it can fail with a value. */
  readonly fallible: boolean;
}

/** The host functions behind a component's imports. */
export class LinkedFunctions {
  readonly #byKey = new Map<string, LinkedFunction>();
  /** The paths of a plan are the same arrays at every call. */
  readonly #byPath = new Map<readonly string[], LinkedFunction>();

  /** @throws Error when one is missing. */
  constructor(program: Program, component: ComponentProgram, interfaces: ReadonlyMap<string, HostInterface>) {
    const custom = new Map(customInterfaces(program.custom).map((one) => [versionedName(one.name, one.version), one]));
    for (const { path, providedBy, version, name, fallible } of component.imports) {
      const provider = interfaces.get(providedBy) ?? custom.get(versionedName(providedBy, version));
      const provided = provider?.functions.find((one) => one.name === name);
      if (provided === undefined) throw new Error(`nothing provides ${providedBy}#${name}`);
      const label = [providedBy, provided.name].filter((part) => part !== "").join("#");
      this.#byKey.set(pathKey(path), { provided, label, fallible });
    }
  }

  /** @throws Error when nothing provides it. */
  at(path: readonly string[]): LinkedFunction {
    const known = this.#byPath.get(path);
    if (known !== undefined) return known;
    const found = this.#byKey.get(pathKey(path));
    if (found === undefined) throw new Error(`nothing provides ${path.join("#")}`);
    this.#byPath.set(path, found);
    return found;
  }
}
