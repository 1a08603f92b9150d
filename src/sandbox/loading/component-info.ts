import type { ArtifactCacheOptions } from "../../component/artifact-cache.ts";
import type { PrepareStage } from "../../component/preparation/messages.ts";
import type { ComponentInterface } from "../../shared/wit/wit.ts";
import type { MissingImports } from "./missing-imports.ts";

/** What a loaded component is. */
export interface ComponentInfo {
  /** The name it goes by in events: the file's name without its extension. */
  readonly name: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Size of the component, in bytes. */
  readonly bytes: number;
  /** What it imports and exports. */
  readonly interface: ComponentInterface;
}

/** How a component is loaded. */
export interface LoadOptions {
  /** The name the component goes by in events; default the file's name without its extension. */
  readonly name?: string | undefined;
  /** Where artifacts are kept between processes; `false` keeps none. Default `$XDG_CACHE_HOME/cordon/artifacts`, 1 GiB. */
  readonly cache?: ArtifactCacheOptions | false | undefined;
  /**
   * Whether it may use shared memory and atomic instructions, as programs do that are built for threads. It has one thread all the same:
   * a wait for another traps. Default: false; such a component is `unsupported`.
   */
  readonly sharedMemory?: boolean | undefined;
  /**
   * Whether every instance gets linear memories that were just made. Otherwise those of instances of the same sandbox that have come to
   * their end by themselves are cleared and used again, up to 4 MiB each and 16 MiB for each worker thread. Default: false.
   */
  readonly freshMemory?: boolean | undefined;
  /**
   * What becomes of functions that a core module imports and nothing provides, neither Cordon nor `hostFunctions`: the module is refused
   * as `unsupported`, or they trap when they are called. Default `refuse`. Says nothing about components.
   */
  readonly missingImports?: MissingImports | undefined;
  /** Gives the load up, with a `cancelled` error. */
  readonly signal?: AbortSignal | undefined;
  /** Told of the stages of a first load, which can take a second, `done` when it is ready; not called when the artifact was cached. */
  readonly onStage?: ((stage: PrepareStage) => void) | undefined;
}
