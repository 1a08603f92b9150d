/** As much of JSON Schema (2020-12) as `docs/json.schema.json` uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  "$ref",
  "type",
  "enum",
  "const",
  "pattern",
  "minimum",
  "maximum",
  "items",
  "properties",
  "required",
  "additionalProperties",
  "oneOf",
  "anyOf",
  "$defs",
  "$schema",
  "title",
  "description",
]);

/**
 * What of a value does not fit a schema, each with its place; empty when it fits.
 *
 * @param root What holds the `$defs` that `schema` refers to.
 * @throws Error for a keyword that this does not know: nothing of a schema is passed over in silence.
 */
export function misfits(value: unknown, schema: Schema, root: Schema, place = "$"): readonly string[] {
  const unknown = Object.keys(schema).filter((keyword) => !KEYWORDS.has(keyword));
  if (unknown.length > 0) throw new Error(`the checker does not know ${unknown.join(", ")}`);
  return [
    ...(schema.$ref === undefined ? [] : misfits(value, resolved(schema.$ref, root), root, place)),
    ...ofValue(value, schema).map((problem) => `${place}: ${problem}`),
    ...ofAlternatives(value, schema, root).map((problem) => `${place}: ${problem}`),
    ...(Array.isArray(value) && schema.items !== undefined
      ? value.flatMap((one, index) => misfits(one, schema.items ?? {}, root, `${place}[${index}]`))
      : []),
    ...(isObject(value) ? ofMembers(value, schema, root, place) : []),
  ];
}

function resolved(ref: string, root: Schema): Schema {
  const name = /^#\/\$defs\/([\w-]+)$/.exec(ref)?.[1];
  const found = name === undefined ? undefined : root.$defs?.[name];
  if (found === undefined) throw new Error(`there is no ${ref}`);
  return found;
}

function ofValue(value: unknown, schema: Schema): readonly string[] {
  const { type, pattern, minimum, maximum } = schema;
  const wrong: string[] = [];
  if (type !== undefined && !isOfType(value, type)) wrong.push(`is no ${type}`);
  if (schema.enum !== undefined && !schema.enum.includes(value))
    wrong.push(`${JSON.stringify(value)} is none of the enum`);
  if ("const" in schema && value !== schema.const) wrong.push(`is not ${JSON.stringify(schema.const)}`);
  if (typeof value === "string" && pattern !== undefined && !new RegExp(pattern).test(value))
    wrong.push("fits no pattern");
  if (typeof value === "number" && minimum !== undefined && value < minimum) wrong.push(`is below ${minimum}`);
  if (typeof value === "number" && maximum !== undefined && value > maximum) wrong.push(`is above ${maximum}`);
  return wrong;
}

function isOfType(value: unknown, type: NonNullable<Schema["type"]>): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function ofAlternatives(value: unknown, { oneOf, anyOf }: Schema, root: Schema): readonly string[] {
  const fitting = (schemas: readonly Schema[]): number =>
    schemas.filter((one) => misfits(value, one, root).length === 0).length;
  return [
    ...(oneOf !== undefined && fitting(oneOf) !== 1 ? ["does not fit one of the alternatives alone"] : []),
    ...(anyOf !== undefined && fitting(anyOf) === 0 ? ["fits none of the alternatives"] : []),
  ];
}

function ofMembers(
  value: Readonly<Record<string, unknown>>,
  { properties = {}, required = [], additionalProperties }: Schema,
  root: Schema,
  place: string,
): readonly string[] {
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${place}: has no ${name}`),
    ...Object.entries(value).flatMap(([name, member]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
      if (known === false) return [`${place}: ${name} is not in the schema`];
      return known === undefined ? [] : misfits(member, known, root, `${place}.${name}`);
    }),
  ];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
