import type { InterfaceDeclaration } from "./capability.ts";
import type { CoreModuleDeclaration } from "./core/core-function.ts";
import { CORE_MODULES } from "./core/core-modules.ts";
import { HOST_INTERFACES } from "./interfaces.ts";

/**
 * What guests can import, without the code that does it: all that the threads need which run no guest. The build puts these
 * declarations in this module's place, so that such threads do not load the host.
 */
export const DECLARED_INTERFACES: readonly InterfaceDeclaration[] = HOST_INTERFACES.map((one) => ({
  name: one.name,
  ...(one.version === undefined ? {} : { version: one.version }),
  ...(one.resources === undefined ? {} : { resources: one.resources }),
  functions: one.functions.map(({ name, type, blocking }) => ({ name, type, blocking })),
}));

/** The same for core modules. */
export const DECLARED_CORE_MODULES: readonly CoreModuleDeclaration[] = CORE_MODULES.map(({ name, functions }) => ({
  name,
  functions: functions.map(({ name: own, type, blocking }) => ({ name: own, type, blocking })),
}));
