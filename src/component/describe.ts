import { componentize } from "./core/componentize.ts";
import { coreForm } from "./core/core-form.ts";
import { jsonAbiInterface } from "./core/json-abi.ts";
import { outlineOf } from "./core/outline.ts";
import { decodeComponent } from "./decode-component.ts";
import { sniff } from "./binary/sniff.ts";
import type { Description, ModuleForm } from "./description.ts";
import { refusalOf, refusalOfModule } from "./refusal.ts";

/**
 * What can be said of a component, or of a core module that Cordon runs like one, without transpiling or running it. Belongs into the
 * transpile worker.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export async function describe(bytes: Uint8Array): Promise<Description> {
  if (sniff(bytes) !== "core-module") return describeComponent(bytes, "component");
  const outline = outlineOf(bytes);
  const form = coreForm(outline);
  if (form.kind === "json-abi") {
    return {
      form: "json-module",
      interface: jsonAbiInterface(outline),
      producers: outline.producers,
      coreModules: 1,
      refusal: refusalOfModule(bytes),
    };
  }
  return describeComponent(await componentize(bytes, outline, form.adapter), `preview1-${form.adapter}`);
}

function describeComponent(component: Uint8Array, form: ModuleForm): Description {
  const decoded = decodeComponent(component);
  return {
    form,
    interface: decoded.interface,
    producers: decoded.producers,
    coreModules: decoded.coreModules.length,
    refusal: refusalOf(component, decoded),
  };
}
