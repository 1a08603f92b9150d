import { PREVIEW1 } from "../preview1/preview1.ts";
import { VAK } from "../vak/core-functions.ts";
import type { CoreModule } from "./core-function.ts";

/** What core modules can import, by module. */
export const CORE_MODULES: readonly CoreModule[] = Object.freeze([PREVIEW1, VAK]);
