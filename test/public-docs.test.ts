import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync } from "rolldown/utils";

/** The types as they are published. */
const INDEX = fileURLToPath(new URL("../dist/types/sandbox/index.d.ts", import.meta.url));

/** A node of a syntax tree. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly [member: string]: unknown;
}

/** A module's source, its declarations by name, and where the names come from that it imports. */
interface Source {
  readonly path: string;
  readonly text: string;
  readonly declared: ReadonlyMap<string, { readonly node: Node; readonly start: number }>;
  readonly imported: ReadonlyMap<string, { readonly path: string; readonly name: string }>;
}

/** The declarations that one module of them imports as another. */
function declarationsAt(from: string, specifier: string): string {
  return join(dirname(from), specifier.replace(/\.[jt]s$/u, ".d.ts"));
}

/** What the library exports, by the module that declares it. */
function exportedNames(): ReadonlyMap<string, ReadonlySet<string>> {
  const modules = new Map<string, Set<string>>();
  const statement = /export (?:type )?\{([^}]+)\} from "([^"]+)"/gu;
  for (const [, list = "", from = ""] of readFileSync(INDEX, "utf8").matchAll(statement)) {
    const path = declarationsAt(INDEX, from);
    const names = modules.get(path) ?? new Set();
    for (const one of list.split(",")) names.add(one.replace(/^\s*type\s/u, "").trim());
    names.delete("");
    modules.set(path, names);
  }
  return modules;
}

function sourceOf(path: string): Source {
  const text = readFileSync(path, "utf8");
  const { program } = parseSync(path, text) as unknown as { readonly program: { readonly body: readonly Node[] } };
  const declared = new Map<string, { readonly node: Node; readonly start: number }>();
  const imported = new Map<string, { readonly path: string; readonly name: string }>();
  for (const statement of program.body) {
    const declaration = (statement["declaration"] ?? statement) as Node;
    const nodes = (declaration["declarations"] as readonly Node[] | undefined) ?? [declaration];
    for (const node of nodes) {
      const { name } = (node["id"] ?? {}) as { readonly name?: string };
      if (name !== undefined) declared.set(name, { node, start: statement.start });
    }
    if (statement.type !== "ImportDeclaration") continue;
    const { value: from } = statement["source"] as { readonly value: string };
    if (!from.startsWith(".")) continue;
    for (const one of statement["specifiers"] as readonly Record<"local" | "imported", { readonly name: string }>[]) {
      imported.set(one.local.name, { path: declarationsAt(path, from), name: one.imported.name });
    }
  }
  return { path, text, declared, imported };
}

const MEMBERS: ReadonlySet<string> = new Set([
  "TSPropertySignature",
  "TSMethodSignature",
  "PropertyDefinition",
  "MethodDefinition",
]);

/** What is seen of the library: what it exports, all members of that, and every type of the project's that those name. */
class PublicSymbols {
  readonly bare: string[] = [];
  seen = 0;
  readonly #sources = new Map<string, Source>();
  readonly #visited = new Set<string>();

  visit(path: string, name: string): void {
    if (this.#visited.has(`${path} ${name}`)) return;
    this.#visited.add(`${path} ${name}`);
    let source = this.#sources.get(path);
    if (source === undefined) this.#sources.set(path, (source = sourceOf(path)));
    const elsewhere = source.imported.get(name);
    if (elsewhere !== undefined) this.visit(elsewhere.path, elsewhere.name);
    const found = source.declared.get(name);
    if (found === undefined) return;
    const { isInternal } = this.#described(source, found.start, name);
    if (!isInternal) this.#walk(found.node, source, name);
  }

  #described({ text, path }: Source, start: number, label: string): { readonly isInternal: boolean } {
    const comment = /\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*$/u.exec(text.slice(0, start))?.[0];
    if (comment?.includes("@internal") === true) return { isInternal: true };
    this.seen += 1;
    if (comment === undefined) this.bare.push(`${label} of ${basename(path)}`);
    return { isInternal: false };
  }

  #walk(node: Node, source: Source, label: string): void {
    if (node.type === "BlockStatement" || node["computed"] === true || isHidden(node)) return;
    let shown = label;
    if (MEMBERS.has(node.type)) {
      shown = `${label}.${(node["key"] as { readonly name?: string }).name}`;
      if (!isTag(node) && this.#described(source, node.start, shown).isInternal) return;
    }
    const named = (node["typeName"] ?? (node.type === "TSInterfaceHeritage" ? node["expression"] : undefined)) as
      | { readonly name?: string }
      | undefined;
    if (named?.name !== undefined) this.visit(source.path, named.name);
    // What a variable or property is set to is nobody's but ours.
    const { value: _value, init: _init, ...rest } = node;
    for (const child of Object.values(node.type === "MethodDefinition" ? node : rest).flat()) {
      if (typeof child === "object" && child !== null && "type" in child) this.#walk(child as Node, source, shown);
    }
  }
}

/** What only the class itself can reach. */
function isHidden(node: Node): boolean {
  const { type } = (node["key"] ?? {}) as { readonly type?: string };
  return type === "PrivateIdentifier" || node["accessibility"] === "private" || node["kind"] === "constructor";
}

/** A member that tells the variants of a union apart: its few values say what it is. */
function isTag(node: Node): boolean {
  const annotation = (node["typeAnnotation"] as { readonly typeAnnotation?: Node } | null)?.typeAnnotation;
  const types = annotation?.type === "TSUnionType" ? (annotation["types"] as readonly Node[]) : [annotation];
  return types.every((one) => one?.type === "TSLiteralType");
}

test("everything that the library exports has a text that editors show", () => {
  const modules = exportedNames();
  assert.ok(modules.size > 30, `only ${modules.size} modules were found`);
  const symbols = new PublicSymbols();
  for (const [path, names] of modules) for (const name of names) symbols.visit(path, name);
  assert.ok(symbols.seen > 450, `only ${symbols.seen} were found`);
  assert.deepEqual(symbols.bare, []);
});

test("docs/sdk.md lists every export, and nothing else", () => {
  const document = readFileSync(fileURLToPath(new URL("../docs/sdk.md", import.meta.url)), "utf8");
  const list = document.slice(document.indexOf("## All exports"));
  const listed = new Set(Array.from(list.matchAll(/`(\w+)`/gu), ([, name]) => name));
  const names = [...exportedNames().values()].flatMap((own) => [...own]);
  assert.deepEqual(listed, new Set(names));
});
