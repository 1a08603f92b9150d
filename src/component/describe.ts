import { decodeComponent } from "./decode/decode-component.ts";
import { sniff } from "./decode/sniff.ts";
import type { Description } from "./description.ts";
import { describeInWorker, type TranspileOptions } from "./transpile/transpile.ts";

/**
 * Looks into a component without transpiling or running it. A core module is made into a component first, in a worker.
 *
 * @throws CordonError `invalid-component`, `unsupported`, `limit`, `host` or `cancelled`.
 */
export async function describe(bytes: Uint8Array, options: TranspileOptions = {}): Promise<Description> {
  if (sniff(bytes) === "core-module") return describeInWorker(bytes, options);
  const decoded = decodeComponent(bytes);
  return {
    form: "component",
    interface: decoded.interface,
    producers: decoded.producers,
    coreModules: decoded.coreModules.length,
  };
}
