import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync, transformSync, Visitor } from "rolldown/utils";
import { cordon, documentOf } from "../support/cli.ts";
import { needing, oldNode } from "../support/needs.ts";

const BUILT = fileURLToPath(new URL("../../dist/bin", import.meta.url));

/** What Node reads before it runs a chunk: the chunk, and all that it and they import statically. */
function readWith(chunk: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(chunk)) return seen;
  seen.add(chunk);
  // What the bundles import of Node by, where they import any of it.
  assert.ok(!textOf(chunk).includes("getBuiltinModule"), `${chunk} imports what an old Node may lack`);
  for (const { moduleRequest } of parsed(chunk).module.staticImports) {
    assert.match(moduleRequest.value, /^\.\//u, `${chunk} imports what an old Node may lack`);
    readWith(moduleRequest.value.slice(2), seen);
  }
  return seen;
}

function parsed(chunk: string): ReturnType<typeof parseSync> {
  return parseSync(chunk, textOf(chunk));
}

function textOf(chunk: string): string {
  return readFileSync(join(BUILT, chunk), "utf8");
}

/** Whether nothing of a chunk has to be written in another way for a version of the language. */
function isOf(version: string, chunk: string): boolean {
  const [lowered, asItIs] = [version, "esnext"].map((target) => transformSync(chunk, textOf(chunk), { target }).code);
  return lowered === asItIs;
}

/** Whether a chunk waits outside of functions, which no older syntax can say, so that it is never written in another way. */
function waits(chunk: string): boolean {
  let found = false;
  new Visitor({ AwaitExpression: () => void (found = true) }).visit(parsed(chunk).program);
  return found;
}

// Weakening, each alone: the entry imports `main.ts` statically; it uses `using`, `??=` or `await`.
test("the executable's entry is read by any Node, and so is what it says to one that is too old", () => {
  const entry = readWith("cordon.js");
  for (const chunk of entry) assert.ok(isOf("es2020", chunk) && !waits(chunk), chunk);
  const [refusal = ""] = globSync("cordon-old-node-*.js", { cwd: BUILT });
  assert.ok(
    /import\([^)]*\/(cordon-old-node-[^"'`]+)["'`]\)/u.exec(textOf("cordon.js"))?.[1] === refusal,
    "it is what the entry loads",
  );
  for (const chunk of readWith(refusal)) assert.ok(isOf("es2022", chunk) && !waits(chunk), chunk);
  assert.ok(!entry.has(refusal) && ![...entry].some((chunk) => chunk.startsWith("cordon-main-")));
});

test("such a check finds what an old Node cannot read", () => {
  const [main = ""] = globSync("cordon-main-*.js", { cwd: BUILT });
  assert.throws(() => readWith(main), /imports what an old Node may lack/u);
  const all = globSync("cordon-*.js", { cwd: BUILT });
  assert.ok(all.some((chunk) => !isOf("es2022", chunk)) && all.some((chunk) => waits(chunk)));
});

test("no chunk imports the executable, which would run it twice", () => {
  for (const chunk of globSync("*.js", { cwd: BUILT })) {
    const imported = parsed(chunk).module.staticImports.map(({ moduleRequest }) => moduleRequest.value);
    assert.ok(!imported.includes("./cordon.js"), chunk);
  }
});

test(
  "on a Node that is too old every command says so on one line",
  needing(["old-node"], async () => {
    const node = oldNode() ?? "";
    for (const words of [[], ["--version"], ["run", "none.wasm"], ["doctor", "--help"], ["run", "x", "--", "--json"]]) {
      const { code, stdout, stderr } = await cordon(words, { node });
      assert.deepEqual([code, stdout], [2, ""], words.join(" "));
      assert.match(
        stderr,
        /^error: Cannot run cordon: this is Node \d+\.\d+\.\d+; install Node\.js 24\.21 or later\n$/u,
      );
    }
    const asked = await cordon(["run", "none.wasm", "--json"], { node });
    assert.equal(asked.code, 2);
    const { status, error } = documentOf(asked) as { status: string; error: { code: string; message: string } };
    assert.deepEqual([status, error.code, `error: ${error.message}\n`], ["error", "unsupported", asked.stderr]);
  }),
);

test(
  "on a Node that is too old the doctor says so in its own way",
  needing(["old-node"], async () => {
    const node = oldNode() ?? "";
    const { code, stdout, stderr } = await cordon(["doctor"], { node });
    assert.deepEqual([code, stderr], [2, ""]);
    assert.match(stdout, /^ {2}missing {2}node {2}\d+\.\d+\.\d+ on \w+ {2}Cordon does not run on it\n/u);
    assert.match(stdout, /\n {2}node: install Node 24\.21 or later\n\nCordon cannot run guests here\.\n$/u);
    const asked = await cordon(["doctor", "--json"], { node });
    const document = documentOf(asked);
    assert.deepEqual([asked.code, asked.stderr, document["status"]], [2, "", "unfit"]);
    const keys = Object.keys(documentOf(await cordon(["doctor", "--json"])));
    assert.deepEqual(Object.keys(document), keys, "it is the document that other Nodes give");
  }),
);

// Weakening: `watchEnd` is not called; the process then exits with 0.
test("a command that waits for what never comes does not look like success", async () => {
  const hook = `import { registerHooks } from "node:module";
    const waiting = (source) => String(source).replace(/async function main\\(words\\) ?\\{/u, "$& await new Promise(() => {});");
    registerHooks({ load: (url, context, next) => {
      const loaded = next(url, context);
      return url.includes("/cordon-commands-") ? { ...loaded, source: waiting(loaded.source) } : loaded;
    } });`;
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
  const { code, stderr } = await cordon(["limits"], { environment });
  assert.deepEqual([code, stderr], [70, "internal error: the command came to no end\n"]);
});
