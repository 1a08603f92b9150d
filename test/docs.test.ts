import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { GRANT_TERMS } from "../src/cli/flags/grant-options.ts";
import { LIMIT_FLAGS, LIMIT_NAMES } from "../src/cli/flags/limit-options.ts";
import { commandLine } from "../src/cli/commands.ts";
import { deadLinks } from "../scripts/doc-links.ts";
import { isPacked } from "../scripts/packed-package.ts";

const text = (path: string): string => readFileSync(path, "utf8");

const documents = new Map(
  ["*.md", "docs/*.md", "bench/*.md", "examples/*.md"]
    .flatMap((pattern) => globSync(pattern))
    .map((path) => [path, text(path)] as const),
);
const packed = new Map([...documents].filter(([path]) => isPacked(path)));

test("every link of the documents leads to a file and to a heading of it", () => {
  assert.ok(documents.size > 10);
  assert.deepEqual(deadLinks(documents, existsSync), []);
});

test("links of packed documents lead to packed files, and each says of files of the repository that they are there", () => {
  assert.ok(packed.has("README.md") && packed.has("docs/sdk.md") && !packed.has("CONTRIBUTING.md"));
  assert.deepEqual(
    deadLinks(packed, (path) => isPacked(path) && existsSync(path)),
    [],
  );
  const mention = /`(?:\.\/)?(?:src|test|bench|scripts|wit|examples)\/[\w./-]+`/;
  const unsaid = [...packed].filter(
    ([, content]) =>
      mention.test(content) && !/in\s+the\s+repository,?\s+not\s+in\s+the\s+installed\s+package/i.test(content),
  );
  assert.deepEqual(
    unsaid.map(([path]) => path),
    [],
  );
});

test("every file of the repository that a document names is there", () => {
  const mentions = /`((?:src|test|bench|scripts|examples|skills|wit)\/[\w./*{},-]+)`/g;
  const gone = [...documents].flatMap(([path, content]) =>
    path === "CHANGELOG.md"
      ? []
      : [...content.matchAll(mentions)]
          .map(([, file = ""]) => file)
          .filter((file) => globSync(file.replace(/\/$/, "")).length === 0)
          .map((file) => `${path}: ${file}`),
  );
  assert.deepEqual(gone, []);
});

test("a dead link is found: a file, a heading, and one that leads out", () => {
  const some = new Map([
    [
      "docs/a.md",
      "# One `two`\n[x](b.md) [y](#one-two) [z](#none) [o](../../x) `[c](no.md)`\n```\n[f](no.md)\n```\n[w](https://x)",
    ],
  ]);
  assert.deepEqual(
    deadLinks(some, (path) => path === "docs/a.md").map(({ target }) => target),
    ["b.md", "#none", "../../x"],
  );
});

/** The names that a file exports. */
function exportsOf(path: string): readonly string[] {
  return [...text(path).matchAll(/^export (?:type )?\{([^}]*)\} from/gms)].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((name) => name.trim().replace(/^type /, ""))
      .filter((name) => name !== ""),
  );
}

test("sdk.md names every export of the SDK, and every option of what is opened, called and served", () => {
  const sdk = text("docs/sdk.md") + text("docs/http.md");
  const names = exportsOf("src/sandbox/index.ts");
  assert.ok(names.length > 60);
  assert.deepEqual(
    names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text("docs/sdk.md"))),
    [],
  );
  const sources = globSync("src/sandbox/**/*.ts").map(text).join("\n");
  for (const name of [
    "SandboxOptions",
    "LoadOptions",
    "IsolationOptions",
    "CallOptions",
    "StdioOptions",
    "ServeHttpOptions",
  ]) {
    const body = new RegExp(`export interface ${name}\\b[^{]*\\{(.*?)^\\}`, "ms").exec(sources)?.[1];
    assert.ok(body !== undefined, name);
    const members = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, member = ""]) => member);
    assert.ok(members.length > 0, name);
    assert.deepEqual(
      members.filter((member) => !sdk.includes(`\`${member}\``)),
      [],
      name,
    );
  }
});

test("limits.md and grants.md name every limit and flag, and sdk.md what ends a call", () => {
  const limits = text("docs/limits.md");
  assert.deepEqual(
    LIMIT_NAMES.filter((name) => !limits.includes(`| \`${name}\` | \`${LIMIT_FLAGS[name].flag}\``)),
    [],
  );
  const grants = text("docs/grants.md");
  assert.deepEqual(
    Object.keys(GRANT_TERMS).filter((flag) => !grants.includes(`\`${flag}`)),
    [],
  );
  const details = /readonly limit:\s*((?:\| "[a-z-]+"\s*)+);/.exec(text("src/shared/errors.ts"))?.[1] ?? "";
  const ends = [...details.matchAll(/"([a-z-]+)"/g)].map(([, name = ""]) => name);
  assert.ok(ends.length > 8);
  const sdk = text("docs/sdk.md");
  assert.deepEqual(
    ends.filter((name) => !sdk.includes(`\`${name}\``)),
    [],
  );
});

test("some document names every command and flag", () => {
  const all = [...packed.values()].join("\n");
  const program = commandLine([], () => undefined);
  for (const command of program.createHelp().visibleCommands(program)) {
    if (command.name() === "help") continue;
    assert.ok(all.includes(`cordon ${command.name()}`), command.name());
    const unnamed = command.options.filter(({ long, hidden }) => !hidden && !all.includes(long ?? ""));
    assert.deepEqual(
      unnamed.map(({ long }) => long),
      [],
      command.name(),
    );
  }
});
