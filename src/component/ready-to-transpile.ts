import { componentize } from "./core/componentize.ts";
import { coreForm } from "./core/core-form.ts";
import { type CoreOutline, outlineOf } from "./core/outline.ts";
import { sniff } from "./decode/sniff.ts";
import type { ModuleForm } from "./description.ts";

/** A component or core module, told apart, and what is transpiled in its place. */
export type Readied =
  | { readonly kind: "component"; readonly component: Uint8Array; readonly form: Exclude<ModuleForm, "json-module"> }
  /** It gets glue of its own. */
  | { readonly kind: "json-module"; readonly outline: CoreOutline };

/**
 * Makes a component of a core module for WASI preview 1, and leaves all others as they are. Belongs into the transpile worker.
 *
 * @throws CordonError `invalid-component` or `unsupported`.
 */
export async function readyToTranspile(bytes: Uint8Array): Promise<Readied> {
  if (sniff(bytes) !== "core-module") return { kind: "component", component: bytes, form: "component" };
  const outline = outlineOf(bytes);
  const form = coreForm(outline);
  if (form.kind === "json-abi") return { kind: "json-module", outline };
  const component = await componentize(bytes, outline, form.adapter);
  return { kind: "component", component, form: `preview1-${form.adapter}` };
}
