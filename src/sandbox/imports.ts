import { camelCase } from "../component/values/naming.ts";
import type { HostInterface } from "../host/capability.ts";
import type { ImportedInterface } from "../runtime/messages.ts";
import { CordonError } from "../shared/errors.ts";
import { printFunctionType } from "../shared/print-wit.ts";
import type { ComponentInterface, WitInterface } from "../shared/wit.ts";

/**
 * Matches what a component imports with what the host provides. Types are compared too: the glue lifts arguments by the
 * component's own declaration, so a host function must never be linked under another type than its own.
 *
 * @throws CordonError `unsupported` that names every import which is missing or of another type.
 */
export function resolveImports(
  { imports }: ComponentInterface,
  provided: readonly HostInterface[],
): readonly ImportedInterface[] {
  const problems: string[] = [
    ...imports.other.map(({ name, kind }) => `${name} (a ${kind})`),
    ...imports.functions.map(({ name }) => name),
  ];
  const resolved: ImportedInterface[] = [];
  for (const imported of imports.interfaces) {
    if (imported.functions.length === 0 && imported.resources.length === 0) continue;
    const host = provided.find(({ name }) => name === imported.name);
    if (host === undefined) problems.push(imported.name);
    else {
      problems.push(...mismatches(imported, host));
      const functions = imported.functions.map(({ name }) => ({ name, property: camelCase(name) }));
      resolved.push({ name: imported.name, providedBy: host.name, functions });
    }
  }
  if (problems.length === 0) return resolved;
  throw new CordonError(
    "unsupported",
    `Cannot load the component: it imports what this version does not provide: ${problems.join(", ")}`,
  );
}

function mismatches(imported: WitInterface, host: HostInterface): readonly string[] {
  const problems = imported.resources.map((name) => `${imported.name}#${name} (a resource)`);
  for (const wanted of imported.functions) {
    const found = host.functions.find(({ name }) => name === wanted.name);
    const type = printFunctionType(wanted);
    if (found === undefined) problems.push(`${imported.name}#${wanted.name}`);
    else if (found.type !== type) {
      problems.push(`${imported.name}#${wanted.name} of type ${type} (it is ${found.type})`);
    }
  }
  return problems;
}
