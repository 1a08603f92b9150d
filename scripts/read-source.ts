import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseSync } from "rolldown/utils";
import { ROOT } from "./exec.ts";

/** A source file of the project. */
export interface Source {
  readonly text: string;
  /** The project's files that it loads, by their paths from the root. */
  readonly imports: readonly string[];
  /** The packages and parts of Node that it loads. */
  readonly others: readonly string[];
  /** The names that are used as values, its own variables among them, but for names of properties. `import` stands for a dynamic import. */
  readonly names: ReadonlySet<string>;
}

/** Reads and parses a file, by its path from the root. */
export function readSource(file: string): Source {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found = { specifiers: new Set<string>(), names: new Set<string>() };
  walk(parseSync(file, text).program, found);
  const specifiers = [...found.specifiers];
  return {
    text,
    imports: specifiers.filter(isOfTheProject).map((specifier) => normalize(join(dirname(file), specifier))),
    others: specifiers.filter((specifier) => !isOfTheProject(specifier)),
    names: found.names,
  };
}

function isOfTheProject(specifier: string): boolean {
  return specifier.startsWith(".");
}

interface Found {
  readonly specifiers: Set<string>;
  readonly names: Set<string>;
}

/** A node of the syntax tree, of any type. */
type Node = Readonly<Record<string, unknown>>;

/** Parts of nodes in which are types alone. */
const TYPES: ReadonlySet<string> = new Set(["returnType", "typeAnnotation", "typeArguments", "typeParameters"]);

function walk(node: unknown, found: Found): void {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, found);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const { type, ...parts } = node as Node;
  if (parts["importKind"] === "type" || parts["exportKind"] === "type" || isDeclarationOfType(type)) return;
  const source = parts["source"] as Node | null | undefined;
  if (type === "ImportExpression") found.names.add("import");
  else if (typeof source?.["value"] === "string") found.specifiers.add(source["value"]);
  if (type === "Identifier") found.names.add(String(parts["name"]));
  for (const [name, part] of Object.entries(parts)) {
    const isName =
      (name === "property" || name === "key") && parts["computed"] === false && parts["shorthand"] !== true;
    if (!isName && !TYPES.has(name)) walk(part, found);
  }
}

function isDeclarationOfType(type: unknown): boolean {
  return type === "TSInterfaceDeclaration" || type === "TSTypeAliasDeclaration";
}
