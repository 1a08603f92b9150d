import type { FoundSchema, SchemaIndex, SchemaReport } from "./check-schema.ts";
import { targetOf } from "./check-schema.ts";
import { IN_PLACE } from "./keywords.ts";

/**
 * Notes schemas that come back to themselves without having gone into the value: to check anything by them would never end.
 */
export function reportEndless(index: SchemaIndex, report: SchemaReport): void {
  const state = new Map<unknown, "open" | "done">();
  const byContent = new Map<unknown, FoundSchema>([...index.values()].map((one) => [one.schema, one]));
  const visit = (found: FoundSchema): boolean => {
    const { schema, path } = found;
    if (typeof schema === "boolean" || state.get(schema) === "done") return false;
    if (state.get(schema) === "open") return true;
    state.set(schema, "open");
    for (const next of inPlace(schema, index, byContent)) {
      if (visit(next)) report(path, "it comes back to itself for the same value, so that no check by it would end");
    }
    state.set(schema, "done");
    return false;
  };
  for (const found of index.values()) visit(found);
}

/** The schemas that are about the same value as one. */
function inPlace(
  schema: Readonly<Record<string, unknown>>,
  index: SchemaIndex,
  byContent: ReadonlyMap<unknown, FoundSchema>,
): readonly FoundSchema[] {
  const inner = Object.entries(schema).flatMap(([key, value]) => {
    if (!IN_PLACE.has(key) || typeof value !== "object" || value === null) return [];
    return key === "not" || key === "if" || key === "then" || key === "else" ? [value] : Object.values(value);
  });
  const reference = schema["$ref"];
  const target = typeof reference === "string" ? targetOf(reference, index) : undefined;
  const found = inner.flatMap((one: unknown) => byContent.get(one) ?? []);
  return target === undefined ? found : [...found, target];
}
