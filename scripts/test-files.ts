/**
 * Which tests there are, and which of them a run takes.
 *
 * On the oldest supported Node runs what is about code that users run there: the tests of `src/`, and those that cross its modules.
 * Everything that starts threads, processes or servers, touches files, or has the engine compile a guest is among them, and so is
 * what computes only, since engines differ too. The others run on the current Node alone: scripts and benchmarks are development
 * tools that no other Node runs, skills run inside the JavaScript engine that they are compiled with, and what reads the sources or
 * tests the tests' own helpers gives the same answer on every Node.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseSync } from "rolldown/utils";
import { HIDEABLE } from "../test/support/needs.ts";
import { ROOT } from "./exec.ts";

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

/** Which Node tests run on: the folder in `node_modules` that it is in. */
export type NodeFolder = "node" | "node-floor";

/** The test files that run on such a Node, sorted, by their paths from the repository's root. */
export function testFiles(node: NodeFolder): readonly string[] {
  const patterns = node === "node" ? [...ON_EVERY_NODE, ...ON_THE_CURRENT_NODE] : ON_EVERY_NODE;
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort();
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

/** A source file, and the project's files that it imports. All paths are from the root. */
interface Source {
  readonly text: string;
  readonly imports: readonly string[];
}

function readSource(file: string): Source {
  const text = readFileSync(join(ROOT, file), "utf8");
  const imports = parseSync(file, text)
    .module.staticImports.map(({ moduleRequest }) => moduleRequest.value)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => normalize(join(dirname(file), specifier)));
  return { text, imports };
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
