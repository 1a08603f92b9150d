import type { HostFunction, HostInterface } from "../../host/capability.ts";
import { customInterfaces } from "../../host/custom/custom-interfaces.ts";
import type { ComponentProgram, Program } from "../messages.ts";
import { versionedName } from "../../shared/wit/interface-name.ts";
import { pathKey } from "./path-key.ts";

/** The host functions behind a component's imports, by their paths. Throws when one is missing. */
export function linkedFunctions(
  program: Program,
  component: ComponentProgram,
  interfaces: ReadonlyMap<string, HostInterface>,
): ReadonlyMap<string, HostFunction> {
  const custom = new Map(customInterfaces(program.custom).map((one) => [versionedName(one.name, one.version), one]));
  return new Map(
    component.imports.map(({ path, providedBy, version, name }) => {
      const provider = interfaces.get(providedBy) ?? custom.get(versionedName(providedBy, version));
      const provided = provider?.functions.find((one) => one.name === name);
      if (provided === undefined) throw new Error(`nothing provides ${providedBy}#${name}`);
      return [pathKey(path), provided];
    }),
  );
}
