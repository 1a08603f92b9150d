import type { CoreModuleShape } from "../shared/plan/core-module.ts";
import type { ComponentInterface } from "../shared/wit/wit.ts";
import type { Producer } from "./binary/decoding.ts";

/** What the bytes of a component, or of a core module that Cordon runs like one, say of it. */
export interface Description {
  /** What the bytes are; see docs/core-modules.md. */
  readonly form: ModuleForm;
  readonly interface: ComponentInterface;
  /** Set for a core module that is run as it is. */
  readonly core?: CoreModuleShape;
  /** The tools that made it, each once. */
  readonly producers: readonly Producer[];
  /** How many core modules it has. */
  readonly coreModules: number;
}

/** A component, a program or library for WASI preview 1, or a core module with the JSON interface. */
export type ModuleForm = "component" | "preview1-command" | "preview1-reactor" | "json-module";
