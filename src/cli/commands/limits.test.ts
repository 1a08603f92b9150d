import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LIMIT_BOUNDS } from "../../shared/limits/limit-bounds.ts";
import { DEFAULT_LIMITS, type Limits } from "../../shared/limits/limits.ts";
import { LIMIT_PROFILES, PROFILE_NAMES } from "../../shared/limits/limit-profiles.ts";
import { LIMIT_FLAGS, LIMIT_NAMES } from "../flags/limit-options.ts";
import { limitText } from "../flags/limit-text.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const DOCUMENT = readFileSync(join(ROOT, "docs/limits.md"), "utf8");

interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cordon(...words: readonly string[]): Promise<Output> {
  const main = fileURLToPath(new URL("../entry.ts", import.meta.url));
  const env = { ...process.env, NO_COLOR: "1" };
  const run = promisify(execFile)(process.execPath, [main, ...words], { env });
  const { stdout, stderr } = await run.catch((failed: unknown) => failed as { stdout: string; stderr: string });
  return { code: run.child.exitCode ?? -1, stdout, stderr };
}

test("cordon limits shows every limit of every profile in 80 columns", async () => {
  const { code, stdout } = await cordon("limits");
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split("\n");
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.deepEqual(lines[0]?.trim().split(/ +/u), [...PROFILE_NAMES]);
  for (const name of LIMIT_NAMES) {
    const { flag, kind } = LIMIT_FLAGS[name];
    const row = lines.find((line) => line.trim().split(" ")[0] === flag);
    const texts = PROFILE_NAMES.map((profile) => limitText(LIMIT_PROFILES[profile], name, kind));
    assert.deepEqual(row?.trim().split(/ +/u), [flag, ...texts]);
  }
});

test("one profile has what each limit means, and --json the values of the library", async () => {
  const one = await cordon("limits", "dense");
  assert.match(one.stdout, /^--fuel +100G +what it may compute/mu);
  assert.equal(one.stdout.trimEnd().split("\n").length, LIMIT_NAMES.length);
  const all = await cordon("limits", "--json");
  assert.deepEqual(JSON.parse(all.stdout), { status: "ok", default: "minimal", profiles: LIMIT_PROFILES });
  const json = await cordon("limits", "large", "--json");
  assert.deepEqual(JSON.parse(json.stdout), {
    status: "ok",
    default: "minimal",
    profiles: { large: LIMIT_PROFILES.large },
  });
});

test("a profile there is none of is wrong usage, with the one that was meant", async () => {
  const { code, stdout, stderr } = await cordon("limits", "standrad");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /did you mean standard\?/u);
});

/** The cells of the document's tables, by heading, and by the limit that the row is about. */
function tableUnder(heading: string): ReadonlyMap<string, readonly string[]> {
  const [, section = ""] = DOCUMENT.split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  const rows = own.split("\n").filter((line) => /^\| `\w+` \|/u.test(line));
  return new Map(
    rows.map((row) => {
      const [name = "", ...cells] = row.slice(2, -2).split(" | ");
      return [name.replaceAll("`", ""), cells.map((cell) => cell.trim())];
    }),
  );
}

/** A bound of a limit as the document writes it. */
function bound(value: number): string {
  if (value === Number.MAX_SAFE_INTEGER) return "2^53 - 1";
  if (value === 2 ** 31 - 1) return "2^31 - 1";
  const power = Math.log2(value);
  return value >= 2 ** 20 && Number.isInteger(power) ? `2^${power}` : value.toLocaleString("en");
}

test("docs/limits.md has every limit with its flag and range", () => {
  const table = tableUnder("What can be limited");
  assert.deepEqual([...table.keys()], LIMIT_NAMES);
  assert.deepEqual([...table.keys()].sort(), Object.keys(DEFAULT_LIMITS).sort());
  for (const name of LIMIT_NAMES) {
    const [flag, , range] = table.get(name) ?? [];
    const [minimum, maximum] = LIMIT_BOUNDS[name];
    assert.equal(flag, `\`${LIMIT_FLAGS[name].flag}\``);
    assert.equal(range, minimum === maximum ? bound(minimum) : `${bound(minimum)} to ${bound(maximum)}`, name);
  }
});

test("docs/limits.md has every limit of every profile", () => {
  const table = tableUnder("Profiles");
  for (const profile of PROFILE_NAMES) assert.ok(table.has(profile), profile);
  for (const name of LIMIT_NAMES) {
    const texts = PROFILE_NAMES.map((profile) => limitText(LIMIT_PROFILES[profile], name, LIMIT_FLAGS[name].kind));
    assert.deepEqual(table.get(name), texts, name);
  }
});

test("docs/limits.md says where every limit is enforced and what reaches it, in files that there are", () => {
  const table = tableUnder("What happens at a limit");
  assert.deepEqual([...table.keys()], LIMIT_NAMES);
  for (const [name, cells] of table) {
    const paths = cells.flatMap((cell) =>
      [...cell.matchAll(/`((?:src|test)\/[^`]+)`/gu)].map(([, path]) => path ?? ""),
    );
    assert.ok(
      paths.some((path) => path.startsWith("src/")),
      name,
    );
    assert.ok(
      paths.some((path) => path.startsWith("test/")),
      `no test reaches ${name}`,
    );
    for (const path of paths) assert.ok(existsSync(join(ROOT, path)), `${name}: ${path}`);
    for (const path of paths.filter((one) => one.startsWith("test/"))) {
      assert.ok(
        readFileSync(join(ROOT, path), "utf8").includes(TESTED_BY[name] ?? name),
        `${path} does not reach ${name}`,
      );
    }
  }
});

/** How the tests of a limit name it that do not set it. */
const TESTED_BY: Readonly<Partial<Record<string, string>>> = {
  maxThreads: "shared memory is refused",
} satisfies Partial<Record<keyof Limits, string>>;
