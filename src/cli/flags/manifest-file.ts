import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { MANIFEST_NAME } from "../../manifest/manifest-file.ts";
import type { ManifestInput } from "../../sandbox/manifest/manifest-options.ts";
import { isStdin } from "./component-file.ts";
import type { ManifestFlags } from "./run-options.ts";

/** The manifest that a component is run under: the one that was named, or the one beside it, where that names the component. */
export function manifestFromFlags({ manifest }: ManifestFlags, component: string): ManifestInput | undefined {
  if (manifest === false) return undefined;
  if (typeof manifest === "string") return manifest;
  const beside = join(dirname(component), MANIFEST_NAME);
  return isStdin(component) || !existsSync(beside) ? undefined : { file: beside, onlyFor: component };
}
