import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { assetPath } from "../../shared/bundled.ts";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { refuseUnbounded } from "../../hardening/bound/refuse-unbounded.ts";
import { readSections } from "../../hardening/read/module-sections.ts";
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
 * @throws CordonError `limit` when it is too complex, `invalid-component` when it does not validate, `unsupported` when no component
 * can be made of it.
 */
export async function componentize(
  module: Uint8Array,
  outline: CoreOutline,
  adapter: "command" | "reactor",
): Promise<Uint8Array> {
  // Neither the engine nor the tool can be interrupted while they validate.
  refuseUnbounded(readSections(module), { collected: true, threads: true });
  // The tool panics over much that is not valid, and says where in its own sources.
  if (!WebAssembly.validate(module)) {
    throw new CordonError(
      "invalid-component",
      "Cannot load the core module: it is not valid WebAssembly, or uses a proposal that this engine lacks; build it again",
    );
  }
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

function refused(thrown: unknown, diagnostics: string): CordonError {
  const payload = typeof thrown === "object" && thrown !== null && "payload" in thrown ? thrown.payload : undefined;
  const said = typeof payload === "string" ? payload : diagnostics === "" ? messageOf(thrown) : diagnostics;
  const line = said
    .slice(0, 4 * MAX_REASON_LENGTH)
    .replaceAll(/\s+/g, " ")
    .trim();
  const reason = escapeInvisible(line).slice(0, MAX_REASON_LENGTH);
  return new CordonError("unsupported", `Cannot make a component of the core module: ${reason}`, { cause: thrown });
}
