import type { InterfaceDeclaration } from "../../host/capability.ts";

/** The names of the host functions that may suspend a guest. */
export function blockingFunctions(provided: readonly InterfaceDeclaration[]): readonly string[] {
  return provided.flatMap((one) =>
    one.functions.filter(({ blocking }) => blocking).map(({ name }) => `${one.name}#${name}`),
  );
}
