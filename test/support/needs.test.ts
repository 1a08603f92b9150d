import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type ParseResult, parseSync, Visitor } from "rolldown/utils";
import { temporaryFolder } from "./guests.ts";
import { absentOf, exceptionOf, HIDDEN_PROGRAMS, HIDEABLE, isThere, needsOf, programPath } from "./needs.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("no condition is lost when there are several, in whatever order", async () => {
  const all = ["clang", "terminal", "ipv6"] as const;
  for (let there = 0; there < 1 << all.length; there += 1) {
    const has = (need: string): Promise<boolean> =>
      Promise.resolve(((there >> all.findIndex((one) => one === need)) & 1) === 1);
    const expected = all.filter((_, index) => ((there >> index) & 1) === 0);
    assert.deepEqual(await absentOf(all, has), expected);
    assert.deepEqual(await absentOf(all.toReversed(), has), expected.toReversed());
  }
});

// Weakening: `needing` asks for the last condition only.
test("the runner skips a test that lacks anything, says what, and runs no line of it", async (context) => {
  const { skipped, code } = await runWithoutTools(
    context,
    `test("both", needing(["posix", "clang"], broken));
    test("the other way round", needing(["clang", "posix"], broken));
    test("two that are absent", { timeout: 1_000 }, needing(["clang", "terminal"], broken));
    test("one in the other", needing(["clang"], needing(["posix"], broken)));
    test("what may fail", excepted("reason"));
    test("nothing that is absent", needing(["posix"], () => console.log("it ran")));
    function broken() { throw new Error("it ran"); }`,
  );
  assert.equal(code, 0);
  assert.deepEqual(skipped, [
    ["both", ["clang"]],
    ["the other way round", ["clang"]],
    ["two that are absent", ["clang", "terminal"]],
    ["one in the other", ["clang"]],
    ["what may fail", "reason"],
  ]);
});

test("where a condition holds, what fails in the test fails", async (context) => {
  const { code } = await runWithoutTools(
    context,
    `test("fails", needing(["posix"], () => Promise.reject(new Error())));`,
  );
  assert.equal(code, 1);
});

/** Runs tests as on a machine without tools, and returns which were skipped, with what they need. */
async function runWithoutTools(
  context: Parameters<typeof temporaryFolder>[0],
  tests: string,
): Promise<{ readonly code: number; readonly skipped: readonly (readonly [string, unknown])[] }> {
  const folder = await temporaryFolder(context);
  await mkdir(join(folder, "test"));
  const file = join(folder, "test/some.test.mjs");
  const helper = new URL("needs.ts", import.meta.url).href;
  const imports = `import { test } from "node:test"; import { excepted, needing } from ${JSON.stringify(helper)};`;
  await writeFile(file, `${imports}\n${tests}`);
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const { code, stdout } = await promisify(execFile)(process.execPath, ["--test", "--test-reporter=tap", file], {
    env: { ...environment, CORDON_TOOLS: "none" },
  }).then(
    (printed) => ({ code: 0, ...printed }),
    (thrown: { readonly code: number; readonly stdout: string }) => thrown,
  );
  const lines = [...stdout.matchAll(/^ok \d+ - (.*) # SKIP (.*)$/gmu)];
  return { code, skipped: lines.map(([, name = "", reason = ""]) => [name, exceptionOf(reason) ?? needsOf(reason)]) };
}

/** The expressions that leave a test out, of the runner's own means. */
function ownSkips(file: string, { program }: Pick<ParseResult, "program">): readonly string[] {
  const found: string[] = [];
  const MEANS = new Set(["skip", "todo", "only", "expectFailure", "runOnly"]);
  const RUNNERS = /^(?:test|it|describe|suite|t|context)$/u;
  new Visitor({
    Property({ key, computed }) {
      if (!computed && key.type === "Identifier" && MEANS.has(key.name)) found.push(`${file}: ${key.name}:`);
    },
    MemberExpression({ object, property }) {
      if (property.type !== "Identifier" || !MEANS.has(property.name)) return;
      if (object.type === "Identifier" && RUNNERS.test(object.name))
        found.push(`${file}: ${object.name}.${property.name}`);
    },
    IfStatement({ test: condition, consequent, start }) {
      const returns =
        consequent.type === "ReturnStatement" ||
        (consequent.type === "BlockStatement" && consequent.body.at(-1)?.type === "ReturnStatement");
      if (returns && asksTheMachine(condition)) found.push(`${file}: if (...) return at ${start}`);
    },
  }).visit(program);
  return found;
}

/** Whether an expression of a test asks what the machine has. */
function asksTheMachine(expression: object): boolean {
  return /"name":"(?:platform|getuid|existsSync|findBubblewrap|isThere|programPath)"/u.test(JSON.stringify(expression));
}

// Weakening, each alone: a test says `{ skip: true }`; calls `context.skip()`; returns at once on another platform.
test("no test leaves anything out but by this helper", () => {
  const files = ["src", "test", "scripts", "bench", "skills"].flatMap((folder) =>
    globSync(`${folder}/**/*.test.ts`, { cwd: ROOT }),
  );
  assert.ok(files.length > 200, `only ${files.length} were found`);
  assert.deepEqual(
    files.flatMap((file) => ownSkips(file, parseSync(file, readFileSync(join(ROOT, file), "utf8")))),
    [],
  );
});

test("such a check finds what leaves a test out", () => {
  for (const text of [
    `test("x", { skip: "reason" }, () => {});`,
    `const skip = true; test("x", { timeout: 1, skip }, () => {});`,
    `test.skip("x", () => {});`,
    `it("x", (t) => t.skip());`,
    `test("x", (context) => { context.todo(); });`,
    `test("x", () => { if (process.platform !== "linux") return; });`,
    `test("x", () => { if (!existsSync("y")) { console.log("no"); return; } });`,
    `test("x", async () => { if ((await findBubblewrap()).kind !== "working") return; });`,
  ]) {
    assert.equal(ownSkips("a.test.ts", parseSync("a.test.ts", text)).length, 1, text);
  }
  for (const text of [`reader.skip(4);`, `test("skip: 1", () => input("skip"));`]) {
    assert.deepEqual(ownSkips("a.test.ts", parseSync("a.test.ts", text)), []);
  }
});

test("what is hidden is nowhere on the search path, or counts as absent", async () => {
  if (process.env["CORDON_TOOLS"] === "none") {
    for (const need of HIDEABLE) assert.equal(await isThere(need), false, need);
    for (const program of HIDDEN_PROGRAMS) assert.equal(programPath(program), undefined, program);
  }
  assert.equal(programPath("no-such-program"), undefined);
  assert.equal(await isThere("posix"), process.platform !== "win32");
});

test("a reason that is none of these is refused", () => {
  assert.throws(() => needsOf(""), /not skipped by test\/support\/needs\.ts/u);
  assert.throws(() => needsOf("needs a miracle"), /no condition a miracle/u);
  assert.deepEqual(needsOf("needs clang, terminal"), ["clang", "terminal"]);
});
