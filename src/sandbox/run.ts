import { Sandbox, type SandboxOptions } from "./sandbox.ts";
import type { ComponentSource } from "./loading/source.ts";

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
 * @throws CordonError as {@link Sandbox.open} and {@link Sandbox.call} do.
 */
export async function run(
  source: ComponentSource,
  name?: string,
  parameters: readonly unknown[] = [],
  options: SandboxOptions = {},
): Promise<unknown> {
  await using sandbox = await Sandbox.open(source, options);
  const { value } = await sandbox.call(name, parameters, { signal: options.signal });
  return value;
}
