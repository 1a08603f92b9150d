/** What the value of a keyword has to be. */
export type KeywordKind =
  | "schema"
  | "schemas"
  | "named-schemas"
  | "text"
  | "number"
  | "positive"
  | "count"
  | "truth"
  | "value"
  | "values"
  | "names"
  | "named-names"
  | "types"
  | "reference"
  | "pattern"
  | "format";

/** The keywords of JSON Schema 2020-12 that are checked here, and those that only tell a reader something. */
export const KEYWORDS: ReadonlyMap<string, KeywordKind> = new Map<string, KeywordKind>([
  ...kind("schema", "not", "if", "then", "else", "contains", "items", "additionalProperties", "propertyNames"),
  ...kind("schema", "unevaluatedItems", "unevaluatedProperties"),
  ...kind("schemas", "allOf", "anyOf", "oneOf", "prefixItems"),
  ...kind("named-schemas", "properties", "dependentSchemas", "$defs", "definitions"),
  ...kind("number", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
  ...kind("positive", "multipleOf"),
  ...kind("count", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
  ...kind("count", "minContains", "maxContains"),
  ...kind("truth", "uniqueItems", "deprecated", "readOnly", "writeOnly"),
  ...kind("value", "const", "default"),
  ...kind("values", "enum", "examples"),
  ...kind("names", "required"),
  ...kind("named-names", "dependentRequired"),
  ...kind("types", "type"),
  ...kind("reference", "$ref"),
  ...kind("pattern", "pattern"),
  ...kind("format", "format"),
  ...kind("text", "title", "description", "$comment", "$anchor", "$schema", "$id"),
  ...kind("text", "contentEncoding", "contentMediaType"),
]);

/** Keywords that decide nothing, and are left out when a value is checked. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...words("title description $comment $anchor $schema $id contentEncoding contentMediaType"),
  ...words("default examples deprecated readOnly writeOnly $defs definitions"),
]);

/** Keywords whose schemas are about the same value as the schema that they are in. */
export const IN_PLACE: ReadonlySet<string> = new Set(words("allOf anyOf oneOf not if then else dependentSchemas"));

const OLDER = "it is of an older draft";

/** Keywords that are not checked here, and why. A schema that has one would let pass what it is there to refuse. */
export const REFUSED_KEYWORDS: ReadonlyMap<string, string> = new Map([
  ["patternProperties", "each of its patterns would be tried on each name; write properties, or propertyNames"],
  ["$dynamicRef", "what it refers to depends on who refers to it; write $ref"],
  ["$dynamicAnchor", "it is for $dynamicRef; write $anchor"],
  ["$recursiveRef", `${OLDER}; write $ref`],
  ["$recursiveAnchor", `${OLDER}; write $anchor`],
  ["$vocabulary", "it is for schemas of schemas"],
  ["additionalItems", `${OLDER}; write items, beside prefixItems`],
  ["dependencies", `${OLDER}; write dependentRequired or dependentSchemas`],
  ["contentSchema", "what is in a text is not looked at"],
  ["id", `${OLDER}; leave it out`],
]);

/** The formats that texts are held against. */
export const FORMATS: readonly string[] = [
  ...words("date time date-time duration email hostname ipv4 ipv6"),
  ...words("uri uri-reference uri-template uuid json-pointer relative-json-pointer"),
];

/** The types of JSON values, `integer` among them. */
export const TYPES: readonly string[] = ["null", "boolean", "object", "array", "number", "string", "integer"];

function kind(one: KeywordKind, ...names: readonly string[]): readonly (readonly [string, KeywordKind])[] {
  return names.map((name) => [name, one] as const);
}

function words(text: string): readonly string[] {
  return text.split(" ");
}
