import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import type { PathGrant } from "../../../policy/grants.ts";
import { parseGrants } from "../../../policy/parsing/parse-grants.ts";
import { pathProblem, resolvePath } from "./resolve.ts";

let base = "";
before(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "cordon-resolve-")));
});
after(() => rmSync(base, { recursive: true }));

function granted(folder: string, ...written: string[]): readonly PathGrant[] {
  return parseGrants({ filesystem: { read: written } }, { cwd: folder }).filesystemRead;
}

test("what no path can be", () => {
  for (const [path, expected] of [
    ["", /empty/],
    ["a\0b", /NUL/],
    ["a/".repeat(2_048), undefined],
    [`${"a/".repeat(2_048)}a`, /longer than 4096/],
    ["é".repeat(2_000), /name in the path/],
    ["é/".repeat(1_366), /longer than 4096/],
    ["a".repeat(255), undefined],
    [`x/${"a".repeat(256)}/y`, /longer than 255/],
    ["a\ud800", /Unicode/],
  ] as const) {
    const problem = pathProblem(path);
    if (expected === undefined) assert.equal(problem, undefined);
    else assert.match(problem ?? "", expected);
  }
});

test("named cases", async () => {
  const root = join(base, "cases");
  const d = join(root, "d");
  mkdirSync(join(d, "dir"), { recursive: true });
  mkdirSync(join(root, "outside"));
  writeFileSync(join(d, "dir/x"), "");
  writeFileSync(join(root, "outside/secret"), "");
  symlinkSync("dir/x", join(d, "to-file"));
  symlinkSync("dir", join(d, "to-dir"));
  symlinkSync("../outside", join(d, "to-outside"));
  symlinkSync("../outside/nothing", join(d, "dangling-outside"));
  symlinkSync("dir/nothing", join(d, "dangling-inside"));
  symlinkSync("self", join(d, "self"));
  symlinkSync("/", join(d, "to-root"));
  symlinkSync(join(d, "dir"), join(d, "absolute"));
  symlinkSync("../d/dir", join(d, "out-and-in"));
  symlinkSync("../outside/../d/dir", join(d, "through-outside"));
  symlinkSync("dir/x/", join(d, "file-as-folder"));
  symlinkSync("d", join(root, "alias"));
  for (let index = 0; index <= 41; index++)
    symlinkSync(index === 0 ? "dir/x" : `chain${index - 1}`, join(d, `chain${index}`));

  const x = { kind: "found", real: join(d, "dir/x") };
  const outside = { kind: "outside" };
  const grants = granted(root, "d");
  for (const [path, expected] of [
    ["dir/x", x],
    ["./dir//x", x],
    ["dir/.//nested/../../dir/x", x],
    ["../d/dir/x", x],
    [join(d, "dir/x"), x],
    ["to-file", x],
    ["to-dir/x", x],
    ["absolute/x", x],
    ["out-and-in/x", x],
    ["chain39", x],
    ["chain40", { kind: "failed", reason: "too many symbolic links" }],
    ["self", { kind: "failed", reason: "too many symbolic links" }],
    ["new", { kind: "absent", real: join(d, "new") }],
    ["dangling-inside", { kind: "absent", real: join(d, "dir/nothing") }],
    ["new/", { kind: "failed", reason: "no such file or folder", real: join(d, "new") }],
    ["new/x", { kind: "failed", reason: "no such file or folder", real: join(d, "new") }],
    ["dir/x/", { kind: "failed", reason: "a part of the path is not a folder", real: join(d, "dir/x") }],
    ["dir/x/.", { kind: "failed", reason: "a part of the path is not a folder", real: join(d, "dir/x") }],
    ["to-file/", { kind: "failed", reason: "a part of the path is not a folder", real: join(d, "dir/x") }],
    ["file-as-folder", { kind: "failed", reason: "a part of the path is not a folder", real: join(d, "dir/x") }],
    ["dir/x/y", { kind: "failed", reason: "a part of the path is not a folder", real: join(d, "dir/x") }],
    [".", { kind: "found", real: d }],
    ["..", outside],
    ["../outside/secret", outside],
    ["../outside/nothing", outside],
    ["dir/../../outside/secret", outside],
    ["/etc/passwd", outside],
    ["/nothing/at/all", outside],
    ["/proc/self/root/etc/passwd", outside],
    ["to-outside/secret", outside],
    ["to-outside/nothing", outside],
    ["dangling-outside", outside],
    ["through-outside/x", outside],
    ["to-root/etc/passwd", outside],
    [`${d}-prefix/x`, outside],
  ] as const) {
    assert.deepEqual(await resolvePath(grants, d, path), expected, path);
  }

  // A granted link names the folder it stood for; without that grant its name is outside.
  const alias = join(root, "alias/dir/x");
  assert.deepEqual(await resolvePath(grants, d, alias), outside);
  assert.deepEqual(await resolvePath(granted(root, "alias"), d, alias), x);
  assert.deepEqual(await resolvePath(granted(root, "alias"), d, "dir/x"), x);
  assert.deepEqual(await resolvePath(granted(root, "alias"), d, join(root, "alias/../outside/secret")), outside);
  // A granted file is reachable, its neighbours are not.
  assert.deepEqual(await resolvePath(granted(root, "d/dir/x"), d, "dir/x"), x);
  assert.deepEqual(await resolvePath(granted(root, "d/dir/x"), d, "dir/y"), outside);
  assert.deepEqual(await resolvePath(granted(root, "d/dir/x"), d, "dir"), outside);
  // Links between two grants work.
  assert.deepEqual(await resolvePath(granted(root, "d", "outside"), d, "to-outside/secret"), {
    kind: "found",
    real: join(root, "outside/secret"),
  });
});

test("random trees of folders and links: the same real path as the operating system finds, or none", async () => {
  const name = fc.constantFrom("a", "b", "c");
  const inside = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
  const steps = fc
    .array(fc.constantFrom("a", "b", "c", "..", ".", "", "out", "d"), { minLength: 1, maxLength: 6 })
    .map((names) => names.join("/"));
  const target = fc.oneof(
    fc.tuple(fc.nat(3), inside).map(([up, path]) => "../".repeat(up) + path),
    fc.tuple(fc.nat(3), inside).map(([up, path]) => `${"../".repeat(up)}out/${path}`),
    inside.map((path) => `D/${path}`),
    fc.constantFrom(".", "..", "../..", "O", "/"),
  );
  const entry = fc.tuple(inside, fc.constantFrom("file", "folder", "link", "link"), target);
  let run = 0;
  let found = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { maxLength: 12 }),
      fc.array(steps, { minLength: 5, maxLength: 10 }),
      async (entries, paths) => {
        run += 1;
        const root = join(base, `random${run}`);
        const d = join(root, "d");
        const out = join(root, "out");
        for (const folder of ["a", "b/c"]) mkdirSync(join(out, folder), { recursive: true });
        writeFileSync(join(out, "c"), "");
        mkdirSync(d);
        for (const [path, kind, link] of entries) {
          try {
            if (kind === "folder") mkdirSync(join(d, path), { recursive: true });
            else if (kind === "file") writeFileSync(join(d, path), "", { flag: "wx" });
            // A link that was made outside, through another, may lead back in: what goes by it is refused, and rightly.
            else if (`${realpathSync(dirname(join(d, path)))}/`.startsWith(`${realpathSync(d)}/`))
              symlinkSync(link.replace(/^D/u, d).replace(/^O/u, out), join(d, path));
          } catch {
            // An entry is in the way, or the folder is missing: another tree, as good as any.
          }
        }
        const grants = granted(root, "d");
        for (const path of paths.flatMap((steps) => [steps, join(d, steps)])) {
          if (path === "") continue;
          const resolution = await resolvePath(grants, d, path);
          const truth = realPathOf(resolve(d, path));
          const isInside = truth !== undefined && (truth === d || truth.startsWith(`${d}/`));
          // A file named with a slash at the end resolves here, and is an error there; everything else agrees both ways.
          if (resolution.kind === "found") {
            found += 1;
            assert.equal(resolution.real, truth, path);
            assert.ok(isInside, path);
          } else if (resolution.kind === "absent") {
            assert.equal(truth, undefined, path);
            assert.ok(resolution.real.startsWith(`${d}/`), path);
          } else if (isInside) {
            assert.match(path, /(?:^|\/)\.{0,2}$/u);
          }
        }
        rmSync(root, { recursive: true });
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(found > 100, `only ${found} paths were found: the trees test nothing`);
});

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    // Nothing is there, or no way leads to it.
    return undefined;
  }
}
