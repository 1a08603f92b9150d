import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync } from "rolldown/utils";

const INDEX = fileURLToPath(new URL("../src/sandbox/index.ts", import.meta.url));

/** Where a declaration, or a member of one, begins; and what it is called. */
interface Place {
  readonly label: string;
  readonly start: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly id?: { readonly name: string } | null;
  readonly key?: { readonly name?: string; readonly type: string };
  readonly declaration?: Node | null;
  readonly declarations?: readonly Node[];
  readonly body?: { readonly body?: readonly Node[] } | readonly Node[];
  readonly accessibility?: string | null;
  readonly kind?: string;
}

/** What the library exports, by the module that declares it. */
function exportedNames(): ReadonlyMap<string, ReadonlySet<string>> {
  const modules = new Map<string, Set<string>>();
  const statement = /export (?:type )?\{([^}]+)\} from "([^"]+)"/gu;
  for (const [, list = "", from = ""] of readFileSync(INDEX, "utf8").matchAll(statement)) {
    const path = join(dirname(INDEX), from);
    const names = modules.get(path) ?? new Set();
    for (const one of list.split(",")) names.add(one.replace(/^\s*type\s/u, "").trim());
    names.delete("");
    modules.set(path, names);
  }
  return modules;
}

function placesOf(path: string, text: string, names: ReadonlySet<string>): readonly Place[] {
  const { program } = parseSync(path, text) as unknown as { readonly program: { readonly body: readonly Node[] } };
  return program.body.flatMap((statement) => {
    const { declaration } = statement;
    const declared = declaration?.declarations?.[0] ?? declaration;
    const name = declared?.id?.name;
    if (declaration === undefined || declaration === null || name === undefined || !names.has(name)) return [];
    const own = { label: name, start: statement.start };
    const { body } = declaration;
    const members = body === undefined || !("body" in body) ? [] : (body.body ?? []);
    const named = members.filter(
      ({ key, accessibility, kind }) =>
        key?.type === "Identifier" && accessibility !== "private" && kind !== "constructor",
    );
    return [own, ...named.map(({ key, start }) => ({ label: `${name}.${key?.name}`, start }))];
  });
}

test("everything that the library exports has a text that editors show", () => {
  const modules = exportedNames();
  assert.ok(modules.size > 30, `only ${modules.size} modules were found`);
  const bare: string[] = [];
  let seen = 0;
  for (const [path, names] of modules) {
    const text = readFileSync(path, "utf8");
    for (const { label, start } of placesOf(path, text, names)) {
      seen += 1;
      if (!/\*\/\s*$/u.test(text.slice(0, start))) bare.push(label);
    }
  }
  assert.ok(seen > 300, `only ${seen} were found`);
  assert.deepEqual(bare, []);
});

test("docs/sdk.md lists every export, and nothing else", () => {
  const document = readFileSync(fileURLToPath(new URL("../docs/sdk.md", import.meta.url)), "utf8");
  const list = document.slice(document.indexOf("## All exports"));
  const listed = new Set(Array.from(list.matchAll(/`(\w+)`/gu), ([, name]) => name));
  const names = [...exportedNames().values()].flatMap((own) => [...own]);
  assert.deepEqual(listed, new Set(names));
});
