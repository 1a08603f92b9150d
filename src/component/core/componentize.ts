import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { assetPath } from "../../shared/bundled.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { escapeInvisible } from "../../shared/quote-text.ts";
import { withExitStatus } from "./exit-status.ts";
import type { CoreOutline } from "./outline.ts";
import { withOwnPages } from "./own-pages.ts";

/** The bundled componentizer, as far as it is used. */
interface Componentizer {
  readonly componentNew: (
    module: Uint8Array,
    adapters: readonly (readonly [string, Uint8Array])[],
  ) => Promise<Uint8Array>;
  readonly takeDiagnostics: () => string;
}

const MAX_REASON_LENGTH = 500;

/**
 * Makes a component of a core module with `wasm-tools component new`, which runs sealed and with a capped memory, and the
 * adapter that turns WASI preview 1 into 0.2. Belongs into the transpile worker: the module may be hostile.
 *
 * @param outline What `outlineOf` reads of it.
 * @throws CordonError `invalid-component` when the tool finds the module not valid, `unsupported` when no component can be made of it.
 */
export async function componentize(
  module: Uint8Array,
  outline: CoreOutline,
  adapter: "command" | "reactor",
): Promise<Uint8Array> {
  const url = pathToFileURL(assetPath("componentizer/componentizer.js")).href;
  const [{ componentNew, takeDiagnostics }, adapterBytes, exitWorld] = await Promise.all([
    import(url) as Promise<Componentizer>,
    readFile(assetPath(`componentizer/wasi_snapshot_preview1.${adapter}.wasm`)),
    readFile(assetPath("componentizer/exit-status.wasm")),
  ]);
  try {
    const prepared = withExitStatus(withOwnPages(module, outline), exitWorld);
    return await componentNew(prepared, [["wasi_snapshot_preview1", adapterBytes]]);
  } catch (thrown) {
    throw refused(thrown, takeDiagnostics());
  }
}

/** How the tool's complaints begin or go on that are about the module itself. */
const NOT_VALID =
  /failed to validate component output|module was not valid \d: (?!failed to)|^Failed to decode Wasm (?!decoding custom section)/;

function refused(thrown: unknown, diagnostics: string): CordonError {
  if (thrown instanceof CordonError) return thrown;
  const payload = typeof thrown === "object" && thrown !== null && "payload" in thrown ? thrown.payload : undefined;
  const said = typeof payload === "string" ? payload : diagnostics === "" ? messageOf(thrown) : diagnostics;
  const line = said
    .slice(0, 4 * MAX_REASON_LENGTH)
    .replaceAll(/\s+/g, " ")
    .trim();
  const reason = escapeInvisible(line).slice(0, MAX_REASON_LENGTH);
  if (NOT_VALID.test(reason)) {
    const message = `Cannot load the core module: it is not valid WebAssembly (${reason}); build it again`;
    return new CordonError("invalid-component", message, { cause: thrown });
  }
  return new CordonError("unsupported", `Cannot make a component of the core module: ${reason}`, { cause: thrown });
}
