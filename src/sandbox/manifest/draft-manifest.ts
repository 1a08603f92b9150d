import { stringify } from "yaml";
import type { WholeCapability } from "../../manifest/manifest.ts";
import { functionHoldsHandle, holdsStream } from "../../shared/wit/wit-handles.ts";
import type { WitType } from "../../shared/wit/wit.ts";
import { isCommand } from "../loading/entries.ts";
import { callableExports, type CallableExport, shortestNames } from "../loading/exports.ts";
import type { Inspection } from "../loading/inspect.ts";
import type { ReachGrant } from "../loading/reach.ts";
import { schemaOfType } from "./schema-of-type.ts";

/** What is asked for, for what a component could reach. */
const WORDS: Readonly<Record<ReachGrant, readonly WholeCapability[]>> = {
  "filesystem.read": ["filesystem-read"],
  "filesystem.write": ["filesystem-write"],
  "filesystem.preopens": ["filesystem-read"],
  "network.hosts": ["network"],
  "network.allow": ["network"],
  listen: ["listen"],
  lookup: ["lookup"],
  environment: ["environment"],
  stdin: ["stdin"],
  process: ["process"],
  clocks: ["clocks"],
  random: ["random"],
};

/** The most exports that a draft has: as many as a manifest may. */
const MAX_EXPORTS = 256;

/**
 * A manifest to begin with: what a component could reach as what it asks for, and schemas of the types of its exports.
 *
 * @param module Its path from the manifest's folder.
 */
export function draftManifest(inspection: Inspection, module: string): string {
  const asked = new Set(inspection.reach.flatMap(({ grants }) => grants.flatMap((grant) => WORDS[grant])));
  const manifest = {
    name:
      inspection.name
        .replaceAll(/[^A-Za-z0-9._-]/gu, "-")
        .replace(/^[^A-Za-z0-9]+/u, "")
        .slice(0, 64) || "component",
    version: "0.1.0",
    description: "",
    author: "",
    license: "",
    module,
    capabilities: ["compute", ...asked],
    exports: exportsOf(inspection),
    signature: null,
  };
  return stringify(manifest, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function exportsOf({ interface: component, form }: Inspection): readonly object[] {
  if (isCommand(component)) return [];
  const callable = callableExports(component).slice(0, MAX_EXPORTS);
  const names = shortestNames(callable);
  return callable.map((one, index) => ({
    name: names[index] ?? one.name,
    description: "",
    ...(form === "json-module" || !hasSchemas(one) ? {} : schemasOf(one)),
  }));
}

function hasSchemas({ function: fn }: CallableExport): boolean {
  return !functionHoldsHandle(fn) && ![...fn.parameters.map(({ type }) => type), fn.result].some(holdsStream);
}

function schemasOf({ function: fn }: CallableExport): object {
  return {
    input_schema: {
      type: "object",
      properties: Object.fromEntries(fn.parameters.map(({ name, type }) => [name, schemaOfType(type)])),
      required: fn.parameters.map(({ name }) => name),
      additionalProperties: false,
    },
    output_schema: schemaOfType(okType(fn.result)),
  };
}

function okType(result: WitType | undefined): WitType | undefined {
  return result?.kind === "result" ? result.ok : result;
}
