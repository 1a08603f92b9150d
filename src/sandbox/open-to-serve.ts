import type { ComponentSource } from "./loading/source.ts";
import type { SandboxOptions } from "./options/sandbox-options.ts";
import { Sandbox } from "./sandbox.ts";

/**
 * How every server opens a component: in processes where this machine can start one, unless it is told otherwise, since a
 * component that ends the process it runs in is not to end the server.
 *
 * @throws CordonError as {@link Sandbox.open}.
 */
export function openToServe(source: ComponentSource, options: SandboxOptions = {}): Promise<Sandbox> {
  return Sandbox.open(source, { ...options, isolation: options.isolation ?? "auto" });
}
