import { pathToFileURL } from "node:url";
import type { Transpiler } from "../../src/component/transpile/build-artifact.ts";
import { assetPath } from "../../src/shared/bundled.ts";

/** The bundled transpiler, in this thread. */
export async function loadTranspiler(): Promise<Transpiler> {
  const transpiler = (await import(pathToFileURL(assetPath("transpiler/transpiler.js")).href)) as Transpiler & {
    readonly ready: Promise<void>;
  };
  await transpiler.ready;
  return transpiler;
}
