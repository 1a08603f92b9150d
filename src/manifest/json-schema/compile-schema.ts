import type { Schema } from "@cfworker/json-schema";
import type { FoundSchema, SchemaIndex } from "./check-schema.ts";
import { targetOf } from "./check-schema.ts";
import { ANNOTATIONS, KEYWORDS } from "./keywords.ts";
import type { Patterns } from "./patterns.ts";

/** A schema as the validator takes it. */
export interface CompiledSchema {
  readonly schema: Schema | boolean;
  /** What references lead to, by what they are called here. */
  readonly lookup: Record<string, Schema | boolean>;
}

/**
 * Makes a schema that was checked into one for the validator: with what decides alone, references by numbers of ours, so that nothing is
 * resolved as a URL, and patterns as formats, so that none reaches the engine's regular expressions.
 */
export function compileSchema(root: unknown, index: SchemaIndex, patterns: Patterns): CompiledSchema {
  const lookup = Object.create(null) as Record<string, Schema | boolean>;
  const made = new Map<unknown, Schema>();
  const names = new Map<FoundSchema, string>();
  const nameOf = (found: FoundSchema): string => {
    const known = names.get(found);
    if (known !== undefined) return known;
    const name = `schema:${names.size}`;
    names.set(found, name);
    lookup[name] = compile(found.schema);
    return name;
  };
  const compile = (schema: unknown): Schema | boolean => {
    if (typeof schema === "boolean") return schema;
    const known = made.get(schema);
    if (known !== undefined) return known;
    const compiled: Schema = Object.create(null) as Schema;
    made.set(schema, compiled);
    for (const [key, value] of Object.entries(schema as object)) {
      if (ANNOTATIONS.has(key)) continue;
      compiled[key] = compiledValue(key, value);
    }
    const { pattern } = compiled;
    if (pattern !== undefined) {
      delete compiled.pattern;
      compiled.allOf = [...(compiled.allOf ?? []), { format: patterns.formatOf(pattern) }];
    }
    return compiled;
  };
  const compiledValue = (key: string, value: unknown): unknown => {
    switch (KEYWORDS.get(key)) {
      case "schema":
        return compile(value);
      case "schemas":
        return (value as readonly unknown[]).map(compile);
      case "named-schemas":
        return named(value as object, compile);
      case "reference": {
        const target = targetOf(String(value), index);
        if (target === undefined) throw new Error("a reference of a schema that was checked leads nowhere");
        return nameOf(target);
      }
      default:
        return value;
    }
  };
  return { schema: compile(root), lookup };
}

/** Names are a stranger's text, `__proto__` among them. */
function named(map: object, compile: (schema: unknown) => unknown): Readonly<Record<string, unknown>> {
  const made = Object.create(null) as Record<string, unknown>;
  for (const [name, schema] of Object.entries(map)) made[name] = compile(schema);
  return made;
}
