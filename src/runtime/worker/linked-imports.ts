import type { HostFunction, HostInterface } from "../../host/capability.ts";
import { customInterfaces } from "../../host/custom/custom-interfaces.ts";
import type { ImportedFunction, ImportedInterface, Program } from "../messages.ts";

/** A function that a program imports, with the host function behind it. */
export interface LinkedFunction {
  readonly used: ImportedFunction;
  readonly provided: HostFunction;
  /** What its calls are counted as. */
  readonly label: string;
  /** The class that a method, a static function or a constructor belongs to. */
  readonly className: string;
}

/** An interface of a program's imports, linked. */
export interface LinkedInterface {
  readonly name: string;
  readonly resources: ImportedInterface["resources"];
  readonly functions: readonly LinkedFunction[];
}

const linked = new WeakMap<Program, readonly LinkedInterface[]>();

/** The imports of a program with what provides them, the same for each of its invocations. Throws when something does not. */
export function linkedImports(
  program: Program,
  interfaces: ReadonlyMap<string, HostInterface>,
): readonly LinkedInterface[] {
  const known = linked.get(program);
  if (known !== undefined) return known;
  const custom = new Map(customInterfaces(program.custom).map((one) => [one.name, one]));
  const made = program.imports.map(({ name, resources, functions, providedBy }) => {
    const provider = interfaces.get(providedBy) ?? custom.get(providedBy);
    return { name, resources, functions: functions.map((used) => link(resources, used, providedBy, provider)) };
  });
  linked.set(program, made);
  return made;
}

function link(
  resources: ImportedInterface["resources"],
  used: ImportedFunction,
  providedBy: string,
  provider: HostInterface | undefined,
): LinkedFunction {
  const label = `${providedBy}#${used.name}`;
  const provided = provider?.functions.find(({ name }) => name === used.name);
  if (provided === undefined) throw new Error(`nothing provides ${label}`);
  return { used, provided, label, className: resources.find(({ name }) => name === used.resource)?.className ?? "" };
}
