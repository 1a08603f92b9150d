import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxOptions } from "../../src/sandbox/index.ts";
import { TEST_CACHE } from "./guests.ts";

/** A component with its manifest in a folder of their own. */
export interface ManifestPlace {
  readonly component: string;
  readonly manifest: string;
  /** Where what is accepted is kept. */
  readonly accepted: string;
  /** Writes another manifest in its place. */
  readonly write: (text: string) => void;
  readonly options: (more?: SandboxOptions) => SandboxOptions;
}

/** Puts a guest into a folder as `tool.wasm`, with a manifest beside it whose fields follow its name, version and module. */
export function manifestPlace(folder: string, guest: string, fields = "", version = "1.0.0"): ManifestPlace {
  mkdirSync(folder, { recursive: true });
  const [component, manifest, accepted] = ["tool.wasm", "skill.yaml", "accepted"].map((name) => join(folder, name));
  if (component === undefined || manifest === undefined || accepted === undefined) throw new Error("there are three");
  cpSync(guest, component);
  const write = (text: string): void => writeFileSync(manifest, text);
  write(manifestText(fields, version));
  return {
    component,
    manifest,
    accepted,
    write,
    options: (more = {}) => ({
      cache: TEST_CACHE,
      manifest: { file: manifest, acceptedDirectory: accepted },
      ...more,
    }),
  };
}

/** A manifest of `tool.wasm`. */
export function manifestText(fields = "", version = "1.0.0"): string {
  return `name: tool\nversion: "${version}"\nmodule: tool.wasm\n${fields}`;
}

/** So many definitions, each of which refers twice to the next, so that to check one value takes 2^count steps. */
export function doublingSchema(count: number, indent: string): string {
  const names = Array.from({ length: count }, (_, index) => index);
  const definitions = names.map((one) => {
    const next = `{ $ref: "#/$defs/d${one + 1}" }`;
    return `${indent}  d${one}: { allOf: [${next}, ${next}] }`;
  });
  return [
    `${indent}$ref: "#/$defs/d0"`,
    `${indent}$defs:`,
    ...definitions,
    `${indent}  d${count}: { type: object }`,
  ].join("\n");
}
