import { readSandboxOptions, type SandboxOptions } from "./options/sandbox-options.ts";
import { Sandbox } from "./sandbox.ts";
import { refuseStreamResult } from "./calls/refuse-handle-result.ts";
import { findExport } from "./loading/exports.ts";
import type { ComponentSource } from "./loading/source.ts";
import { abortable } from "../shared/abortable.ts";

/**
 * Runs one function of a component, once, and leaves nothing behind.
 *
 * ```ts
 * const sum = await run("./add.wasm", "add", [5, 3]);
 * ```
 *
 * @param name The export, as {@link Sandbox.call} takes it.
 * @param parameters In the shapes of docs/values.md.
 * @returns The function's value; the value of `ok` when it returns a `result`.
 * @throws CordonError as {@link Sandbox.open} and {@link Sandbox.call} do; `unsupported` when it returns a stream or a future.
 */
export async function run(
  source: ComponentSource,
  name?: string,
  parameters: readonly unknown[] = [],
  given: SandboxOptions = {},
): Promise<unknown> {
  const { options } = readSandboxOptions("run", given);
  const { signal } = options;
  const sandbox = await Sandbox.open(source, options);
  try {
    refuseStreamResult(findExport(sandbox.component.interface, name));
    const { value } = await sandbox.call(name, parameters, { signal });
    return value;
  } finally {
    const closed = sandbox.close();
    // A thread of it may not end as soon as the caller wants to go on.
    await (signal === undefined ? closed : abortable(closed, signal).catch(ignoreAbort(signal)));
  }
}

/** Passes on what has failed for another reason than that the signal was aborted. */
function ignoreAbort(signal: AbortSignal): (thrown: unknown) => void {
  return (thrown) => {
    if (!signal.aborted) throw thrown;
  };
}
