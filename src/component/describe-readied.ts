import { jsonAbiInterface } from "./core/json-abi.ts";
import { decodeComponent } from "./decode/decode-component.ts";
import type { Description } from "./description.ts";
import type { Readied } from "./ready-to-transpile.ts";

/**
 * What can be said of a component, or of a core module that Cordon runs like one, without transpiling or running it. Belongs into the
 * transpile worker.
 *
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export function describeReadied(readied: Readied): Description {
  if (readied.kind === "json-module") {
    const { outline } = readied;
    return {
      form: "json-module",
      interface: jsonAbiInterface(outline),
      producers: outline.producers,
      coreModules: 1,
    };
  }
  const decoded = decodeComponent(readied.component);
  return {
    form: readied.form,
    interface: decoded.interface,
    producers: decoded.producers,
    coreModules: decoded.coreModules.length,
  };
}
