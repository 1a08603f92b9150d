import { decodeComponent } from "../decode/decode-component.ts";
import type { Description } from "../description.ts";
import { componentize } from "./componentize.ts";
import { coreForm } from "./core-form.ts";
import { jsonAbiInterface } from "./json-abi.ts";
import { outlineOf } from "./outline.ts";

/**
 * What can be said of a core module without running it. Belongs into the transpile worker.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export async function describeCore(module: Uint8Array): Promise<Description> {
  const outline = outlineOf(module);
  const form = coreForm(outline);
  if (form.kind === "json-abi") {
    const described = jsonAbiInterface(outline);
    return { form: "json-module", interface: described, producers: outline.producers, coreModules: 1 };
  }
  const decoded = decodeComponent(await componentize(module, outline, form.adapter));
  return {
    form: `preview1-${form.adapter}`,
    interface: decoded.interface,
    producers: decoded.producers,
    coreModules: decoded.coreModules.length,
  };
}
