import assert from "node:assert/strict";
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { Guest, HOLDINGS, Playground, preopen } from "../../../../test/support/filesystem.ts";
import type { Descriptor } from "../wasi/descriptor.ts";
import { anyText } from "../../../../test/support/any-text.ts";

/** A tree as it should be on the disk: what the oracle walks, and the guest does not see. */
type Node =
  | Folder
  | { readonly kind: "file"; readonly content: string }
  | { readonly kind: "link"; readonly to: string };
interface Folder {
  readonly kind: "folder";
  readonly path: string;
  readonly entries: Map<string, Node>;
}

type Answer = { readonly file: string } | { readonly folder: string } | { readonly refused: string };

/**
 * What a path means, by the rules alone: a list of steps that still have to be made, and the folders entered so far. The
 * first of these is the preopened folder, and nobody leaves it.
 */
function meaning(root: Folder, path: string, followLast: boolean): Answer {
  if (path === "" || path.includes("\0")) return { refused: "invalid" };
  if (path.startsWith("/")) return { refused: "not-permitted" };
  return step([root], stepsOf(path), followLast, 0);
}

interface Step {
  readonly name: string;
  /** Whether something has to follow: a slash, or another step. */
  readonly goesOn: boolean;
}

function stepsOf(path: string): readonly Step[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.map((name, index) => ({ name, goesOn: index < names.length - 1 || path.endsWith("/") }));
}

function step(way: readonly Folder[], steps: readonly Step[], followLast: boolean, links: number): Answer {
  const here = way.at(-1);
  if (here === undefined) return { refused: "not-permitted" };
  const [next, ...rest] = steps;
  if (next === undefined) return { folder: here.path };
  if (next.name === ".") return step(way, rest, followLast, links);
  if (next.name === "..") {
    return way.length === 1 ? { refused: "not-permitted" } : step(way.slice(0, -1), rest, followLast, links);
  }
  if (Buffer.byteLength(next.name) > 255) return { refused: "name-too-long" };
  const node = here.entries.get(next.name);
  if (node === undefined) return { refused: "no-entry" };
  if (node.kind === "folder") return step([...way, node], rest, followLast, links);
  if (node.kind === "file") return next.goesOn ? { refused: "not-directory" } : { file: node.content };
  if (rest.length === 0 && !followLast) return { refused: next.goesOn ? "not-directory" : "loop" };
  if (links === 40) return { refused: "loop" };
  if (node.to.startsWith("/")) return { refused: "not-permitted" };
  const inner = stepsOf(node.to).map((one, index, all) =>
    index === all.length - 1 && next.goesOn ? { ...one, goesOn: true } : one,
  );
  return step(way, [...inner, ...rest], followLast, links + 1);
}

const NAMES = ["a", "b", "c"] as const;
const name = fc.constantFrom(...NAMES);
const inTree = fc.array(name, { minLength: 1, maxLength: 3 });
const segment = fc.oneof(
  { weight: 6, arbitrary: name },
  { weight: 3, arbitrary: fc.constantFrom("..", ".", "") },
  { weight: 1, arbitrary: fc.constantFrom("outside", "inside", "secret") },
);
const joined = fc
  .tuple(fc.array(segment, { minLength: 1, maxLength: 6 }), fc.constantFrom("", "", "/"))
  .map(([segments, end]) => segments.join("/") + end);
const target = fc.oneof(
  joined,
  inTree.map((names) => names.join("/")),
  fc.tuple(fc.integer({ min: 1, max: 4 }), joined).map(([up, rest]) => "../".repeat(up) + rest),
  fc.constantFrom(
    "..",
    ".",
    "../outside/secret",
    "../outside",
    "../inside",
    "/",
    "BASE/outside/secret",
    "BASE/inside/a",
  ),
);
interface Entry {
  readonly names: readonly string[];
  readonly kind: "file" | "folder" | "link";
  readonly outside: boolean;
  readonly target: string;
}
const entry: fc.Arbitrary<Entry> = fc.record({
  names: inTree,
  kind: fc.constantFrom("file", "folder", "folder", "link", "link"),
  outside: fc.constantFrom(false, false, false, true),
  target,
});
/** Without these most paths would lead nowhere. */
const ALWAYS: readonly Entry[] = (
  [
    ["folder", "a"],
    ["folder", "a/b"],
    ["file", "a/c"],
    ["file", "a/b/a"],
    ["folder", "b"],
  ] as const
).map(([kind, path]) => ({ kind, names: path.split("/"), outside: false, target: "" }));
const anyPath = fc.oneof(
  { weight: 6, arbitrary: joined },
  { weight: 1, arbitrary: anyText({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.tuple(joined, fc.string({ maxLength: 3 })).map((parts) => parts.join("")) },
);

/** Puts the entries on the disk and in the model; what has no folder, or is taken, is left out of both. */
function build(
  place: Playground,
  entries: readonly (typeof entry extends fc.Arbitrary<infer T> ? T : never)[],
): Folder {
  const inside: Folder = { kind: "folder", path: place.inside, entries: new Map() };
  const outside: Folder = { kind: "folder", path: place.outside, entries: new Map() };
  writeFileSync(join(place.outside, "secret"), "SECRET");
  for (const { names, kind, outside: isOutside, target } of [...ALWAYS, ...entries]) {
    let folder: Folder | undefined = isOutside ? outside : inside;
    for (const part of names.slice(0, -1)) {
      const next: Node | undefined = folder?.entries.get(part);
      folder = next?.kind === "folder" ? next : undefined;
    }
    const last = names.at(-1);
    if (folder === undefined || last === undefined || folder.entries.has(last)) continue;
    const path = join(folder.path, last);
    if (kind === "folder") {
      mkdirSync(path);
      folder.entries.set(last, { kind, path, entries: new Map() });
    } else if (kind === "file") {
      writeFileSync(path, isOutside ? "SECRET" : path);
      folder.entries.set(last, { kind, content: path });
    } else {
      const to = target.replace(/^BASE/u, place.base);
      if (to === "" || to.includes("\0")) continue;
      symlinkSync(to, path);
      folder.entries.set(last, { kind: "link", to });
    }
  }
  return inside;
}

async function found(guest: Guest, path: string, followLast: boolean): Promise<Answer> {
  const opened = await guest.open(path, followLast ? "r" : "rn");
  if (typeof opened === "string") return { refused: opened.slice(1) };
  using descriptor = opened as Descriptor;
  if (descriptor.kind === "file") return { file: await guest.content(descriptor) };
  return { folder: `inode ${descriptor.stat().ino}` };
}

for (const [title, holding] of HOLDINGS) {
  test(`${title}: any path in any tree opens what the rules say, inside, or is refused as they say`, async () => {
    let opened = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 14 }),
        fc.array(fc.tuple(anyPath, fc.boolean()), { minLength: 10, maxLength: 20 }),
        async (entries, paths) => {
          using place = new Playground();
          const model = build(place, entries);
          using guest = new Guest([preopen(place.inside)], holding);
          for (const [path, followLast] of paths) {
            const expected = meaning(model, path, followLast);
            const answer = await found(guest, path, followLast);
            const wanted =
              "folder" in expected ? { folder: `inode ${lstatSync(expected.folder, { bigint: true }).ino}` } : expected;
            assert.deepEqual(answer, wanted, JSON.stringify({ path, followLast }));
            if ("refused" in answer) refused += 1;
            else opened += 1;
          }
          assert.equal(guest.context.meters.openFiles.held, 0);
        },
      ),
      { numRuns: 150 },
    );
    assert.ok(opened > 100 && refused > 100, `${opened} opened, ${refused} refused`);
  });
}
