import canonicalize from "canonicalize";
import { checkShape } from "../policy/documents/check-shape.ts";
import { combineGrants } from "../policy/documents/combine.ts";
import { type Fault, ordered } from "../policy/documents/fault.ts";
import type { PermissionsShape } from "../policy/documents/policy-shape.ts";
import { type ReadDocument, readYaml } from "../policy/documents/read-yaml.ts";
import { type DocumentPlace, translatePermissions } from "../policy/documents/translate.ts";
import { requestedByWords } from "./capability-words.ts";
import { checkSchema, type SchemaReport } from "./json-schema/check-schema.ts";
import { type CompiledSchema, compileSchema } from "./json-schema/compile-schema.ts";
import { reportEndless } from "./json-schema/in-place.ts";
import { Patterns } from "./json-schema/patterns.ts";
import { requestedLimits } from "./limit-requests.ts";
import type { Manifest, ManifestExport, Requests } from "./manifest.ts";
import { manifestSchema } from "./manifest-schema.ts";
import type { ManifestShape } from "./manifest-shape.ts";

/** The most rules that a manifest may ask for: each is looked up among the machine's files and names. */
const MAX_RULES = 256;

/** The schemas of one export. */
export interface ExportSchemas {
  readonly input: CompiledSchema | undefined;
  readonly output: CompiledSchema | undefined;
}

/** A manifest that is right. */
export interface ReadManifest {
  readonly manifest: Manifest;
  /** In the order of its exports. */
  readonly schemas: readonly ExportSchemas[];
  /** `undefined` where no schema has any. */
  readonly patterns: Patterns | undefined;
}

/** Reads and checks a manifest, its schemas included. All of its faults, or the manifest. */
export async function readManifest(
  text: string,
  place: DocumentPlace,
): Promise<ReadManifest | { readonly faults: readonly Fault[] }> {
  const { file } = place;
  const { document: read, faults } = readYaml(text, file);
  if (read === undefined) return { faults: ordered(faults) };
  const checked = checkShape(read, file, { schema: manifestSchema });
  if ("faults" in checked) return checked;
  const { shape } = checked;
  const found: Fault[] = [];
  const report: SchemaReport = (path, message, key) => {
    const position = key === undefined ? read.positionOf(path) : read.positionOfKey(path, key);
    found.push({ file, ...position, message });
  };
  const requests = requestsOf(shape, read, place, report);
  reportTwice(shape, report);
  const patterns = text.includes("pattern") ? await Patterns.load() : undefined;
  const make = schemaMaker(patterns, report);
  const schemas = (shape.exports ?? []).map((one, index): ExportSchemas => ({
    input: make(one.input_schema, ["exports", index, "input_schema"]),
    output: make(one.output_schema, ["exports", index, "output_schema"]),
  }));
  if (found.length > 0) return { faults: ordered(found) };
  return { manifest: manifestOf(shape, requests, read.value), schemas, patterns };
}

/** What is signed of a document: all but the signatures. */
function signedText(value: unknown): string {
  const { signature: _signature, ...fields } = value as Readonly<Record<string, unknown>>;
  const text = canonicalize(fields);
  if (text === undefined) throw new Error("a document is JSON");
  return text;
}

function manifestOf(shape: ManifestShape, requests: Requests, value: unknown): Manifest {
  return {
    name: shape.name,
    version: shape.version,
    description: shape.description ?? undefined,
    author: shape.author ?? undefined,
    license: shape.license ?? undefined,
    module: shape.module,
    digest: shape.digest ?? undefined,
    requests,
    exports: (shape.exports ?? []).map((one): ManifestExport => ({
      name: one.name,
      description: one.description ?? undefined,
      hasInputSchema: isGiven(one.input_schema),
      hasOutputSchema: isGiven(one.output_schema),
    })),
    signatures: shape.signature ?? [],
    signed: signedText(value),
  };
}

function requestsOf(shape: ManifestShape, read: ReadDocument, place: DocumentPlace, report: SchemaReport): Requests {
  const entries = shape.capabilities ?? [];
  const scoped = entries.flatMap((entry, index) => {
    if (typeof entry === "string") return [];
    return [translatePermissions(entry satisfies PermissionsShape, ["capabilities", index], read, place)];
  });
  const rules = scoped.flatMap((one) => one.rules).length;
  if (rules > MAX_RULES) report(["capabilities"], `it asks for more than ${MAX_RULES} files, hosts and variables`);
  return {
    whole: requestedByWords(entries.filter((entry) => typeof entry === "string")),
    grants: combineGrants(scoped.map(({ grants }) => grants)),
    limits: requestedLimits(shape.limits ?? {}),
  };
}

function reportTwice({ exports }: ManifestShape, report: SchemaReport): void {
  const seen = new Set<string>();
  for (const [index, { name }] of (exports ?? []).entries()) {
    if (seen.has(name)) report(["exports", index, "name"], "an export of this name is there already; write it once");
    seen.add(name);
  }
}

type MakeSchema = (schema: unknown, path: readonly (string | number)[]) => CompiledSchema | undefined;

function schemaMaker(patterns: Patterns | undefined, report: SchemaReport): MakeSchema {
  return (schema, path) => {
    if (!isGiven(schema)) return undefined;
    let isRight = true;
    const note: SchemaReport = (at, message, key) => {
      isRight = false;
      report(at, message, key);
    };
    const index = checkSchema(schema, path, note);
    if (isRight) reportEndless(index, note);
    for (const found of index.values()) {
      const pattern = typeof found.schema === "boolean" ? undefined : found.schema["pattern"];
      const problem = typeof pattern === "string" ? patterns?.problem(pattern) : undefined;
      if (problem !== undefined) note([...found.path, "pattern"], problem);
    }
    if (!isRight) return undefined;
    if (patterns === undefined && usesPattern(index)) throw new Error("a pattern was overlooked");
    return compileSchema(schema, index, patterns as Patterns);
  };
}

function usesPattern(index: ReturnType<typeof checkSchema>): boolean {
  return [...index.values()].some(({ schema }) => typeof schema === "object" && Object.hasOwn(schema, "pattern"));
}

function isGiven(schema: unknown): boolean {
  return schema !== undefined && schema !== null;
}
