import type { CordonError } from "../../shared/errors.ts";
import { abortSignal } from "../options/common-shapes.ts";
import { sandboxOptions, type SandboxOptions } from "../options/sandbox-options.ts";
import { callback, options, type Shape } from "../options/shape.ts";
import type { Sandbox } from "../sandbox.ts";

/** How a component is watched. What a callback throws is reported as a process warning, but for `accepts`. */
export interface WatchOptions {
  /** How each version is opened; as `Sandbox.open`. */
  readonly sandbox?: SandboxOptions | undefined;
  /** Looks at a version before it is in force, the first one included: by throwing it refuses that version. */
  readonly accepts?: ((sandbox: Sandbox) => void | Promise<void>) | undefined;
  /** Told of each new version, when it is in force. */
  readonly onReload?: ((sandbox: Sandbox) => void) | undefined;
  /** Told of a version that could not be opened or was refused, and why; the one before stays in force. */
  readonly onFailure?: ((error: CordonError) => void) | undefined;
  /** Ends watching, as `close` does, and the first load. */
  readonly signal?: AbortSignal | undefined;
}

export const watchOptions: Shape<WatchOptions> = options<WatchOptions>({
  sandbox: sandboxOptions,
  accepts: callback<NonNullable<WatchOptions["accepts"]>>(),
  onReload: callback<NonNullable<WatchOptions["onReload"]>>(),
  onFailure: callback<NonNullable<WatchOptions["onFailure"]>>(),
  signal: abortSignal,
});
