/**
 * Which tests there are, and which of them a run takes.
 *
 * On the oldest supported Node runs what depends on Node: the tests of `src/`, and those that cross its modules, wherever anything
 * that they import starts threads, processes or servers, touches files, or has the engine compile a guest. What does not (a parser,
 * a check, a printer: see {@link computesOnly}) gives the same answer on every Node, and is loaded there by the tests of all that
 * uses it; nor does what the command says ({@link OF_WORDS}). Scripts and benchmarks are development tools that no other Node runs, skills run inside the JavaScript engine that they are
 * compiled with, and what reads the sources or tests the tests' own helpers needs no second Node either.
 */
import { globSync } from "node:fs";
import { normalize } from "node:path";
import { HIDEABLE } from "../test/support/needs.ts";
import { ROOT } from "./exec.ts";
import { readSource, type Source } from "./read-source.ts";

const ON_EVERY_NODE = [
  "src/**/*.test.ts",
  "test/attacks/**/*.test.ts",
  "test/conformance/**/*.test.ts",
  "test/e2e/**/*.test.ts",
];

const ON_THE_CURRENT_NODE = [
  "bench/**/*.test.ts",
  "scripts/**/*.test.ts",
  "skills/**/*.test.ts",
  "test/*.test.ts",
  "test/support/**/*.test.ts",
];

/**
 * Tests of what the command prints of components and of wrong flags, each line of which is one more process. That the command starts, runs
 * guests and ends as it should on the oldest Node, its other tests say.
 */
const OF_WORDS: ReadonlySet<string> = new Set(
  ["hints", "inspect", "json", "scan", "types", "usage"].map((name) => `test/e2e/cli-${name}.test.ts`),
);

/** Which Node tests run on: the folder in `node_modules` that it is in. */
export type NodeFolder = "node" | "node-floor";

/** The test files that run on such a Node, sorted, by their paths from the repository's root. */
export function testFiles(node: NodeFolder): readonly string[] {
  const everywhere = ON_EVERY_NODE.flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  if (node === "node") {
    return [...everywhere, ...ON_THE_CURRENT_NODE.flatMap((pattern) => globSync(pattern, { cwd: ROOT }))].sort();
  }
  const sources = new Map<string, Source>();
  return everywhere.filter((file) => !OF_WORDS.has(file) && !computesOnly(file, sources)).sort();
}

/** Packages and parts of Node that compute, and no more than that. */
const COMPUTING: ReadonlySet<string> = new Set([
  "commander",
  "fast-check",
  "node:assert/strict",
  "node:path",
  "node:test",
  "node:util",
]);

/** What Node or its engine gives besides the language's own values, by the names that lead to it. */
const OF_THE_HOST: readonly string[] = [
  ..."Atomics Date FinalizationRegistry Function Intl SharedArrayBuffer WeakRef WebAssembly eval global globalThis import".split(
    " ",
  ),
  ..."Blob BroadcastChannel Buffer MessageChannel ReadableStream TextDecoder TextEncoder URL WritableStream".split(" "),
  ..."console crypto fetch performance process queueMicrotask require structuredClone".split(" "),
  ..."setImmediate setInterval setTimeout".split(" "),
];

/** Whether nothing that a test file imports, directly or not, reaches more than the language and packages that compute. */
function computesOnly(file: string, sources: Map<string, Source>): boolean {
  return [...readWith(file, sources)].every((one) => {
    const source = sources.get(one);
    if (source === undefined || OF_THE_HOST.some((name) => source.names.has(name))) return false;
    return source.others.every((other) => COMPUTING.has(other));
  });
}

const NEEDS = normalize("test/support/needs.ts");

/** Those with tests that need a tool or data of the machine: what they import asks for one by its name, or where one is. */
export function filesThatNeedTools(): readonly string[] {
  const asks = new RegExp(`"(?:${HIDEABLE.join("|")})"|\\bPLACES\\b`, "u");
  const sources = new Map<string, Source>();
  return testFiles("node").filter((file) => {
    const read = readWith(file, sources);
    return read.has(NEEDS) && [...read].some((one) => one !== NEEDS && asks.test(sources.get(one)?.text ?? ""));
  });
}

/** A file and all that it imports, directly or not. Each is read once, into `sources`. */
function readWith(file: string, sources: Map<string, Source>, found: Set<string> = new Set()): ReadonlySet<string> {
  if (found.has(file)) return found;
  found.add(file);
  const source = sources.get(file) ?? readSource(file);
  sources.set(file, source);
  for (const imported of source.imports) readWith(imported, sources, found);
  return found;
}
