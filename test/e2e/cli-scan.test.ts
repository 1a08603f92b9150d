import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cordon, documentOf } from "../support/cli.ts";
import { temporaryFolder } from "../support/guests.ts";

const EXAMPLES = fileURLToPath(new URL("../fixtures/seed-examples/", import.meta.url));

interface Report {
  readonly findings: readonly {
    readonly category: string;
    readonly severity: string;
    readonly line: number;
    readonly context: string;
    readonly description: string;
  }[];
  readonly safety_score: number;
  readonly summary: string;
  readonly total_findings: number;
  readonly findings_by_severity: Readonly<Record<string, number>>;
}

async function scanned(
  ...words: readonly string[]
): Promise<{ readonly code: number | null; readonly report: Report }> {
  const result = await cordon(["scan", ...words]);
  assert.equal(result.stderr, "");
  return { code: result.code, report: documentOf(result) as unknown as Report };
}

/** The lines that have to be found; more may be. */
const DANGEROUS: Readonly<Record<string, readonly number[]>> = {
  "api_key_stealer.py": [13, 14, 15, 19, 21, 24],
  "discord_exfil.py": [10, 14, 18, 19, 20, 24, 28],
  "obfuscated_payload.py": [16, 17, 21, 24],
  "ssh_key_theft.py": [12, 15, 18],
};

for (const [name, lines] of Object.entries(DANGEROUS)) {
  test(`${name} is dangerous, and each line is found`, async () => {
    const { code, report } = await scanned("--file", join(EXAMPLES, name));
    const found = new Set(report.findings.map(({ line }) => line));
    assert.deepEqual(
      lines.filter((line) => !found.has(line)),
      [],
    );
    assert.equal(report.safety_score, 0);
    assert.match(report.summary, /^DANGEROUS/);
    assert.equal(code, 1);
  });
}

for (const name of ["safe_skill.py", "safe_skill_advanced.py"]) {
  test(`nothing is found in ${name}`, async () => {
    const { code, report } = await scanned("--file", join(EXAMPLES, name));
    assert.deepEqual([report.findings, report.total_findings, report.safety_score, code], [[], 0, 1, 0]);
  });
}

test("the report has the reference's form", async () => {
  const { code, report } = await scanned("--code", 'import os; os.environ["API_KEY"]');
  assert.equal(code, 1);
  const [finding] = report.findings;
  assert.deepEqual(Object.keys(report), [
    "findings",
    "safety_score",
    "summary",
    "total_findings",
    "findings_by_severity",
  ]);
  assert.deepEqual(Object.keys(finding ?? {}), ["category", "severity", "line", "context", "description"]);
  assert.equal(finding?.category, "api_exfiltration");
  assert.deepEqual([finding?.severity, finding?.line, report.safety_score], ["high", 1, 0.75]);
  assert.equal(finding?.context, 'import os; os.environ["API_KEY"]');
  assert.match(report.summary, /^SUSPICIOUS: /);
  assert.deepEqual(report.findings_by_severity, { critical: 0, high: 1, medium: 0, low: 0 });
});

test("--fail-on sets which severity fails; by default high", async () => {
  const high = 'import os; os.environ["API_KEY"]';
  for (const [threshold, expected] of [
    ["critical", 0],
    ["high", 1],
    ["medium", 1],
    ["low", 1],
    ["never", 0],
  ] as const) {
    assert.equal((await scanned("--code", high, "--fail-on", threshold)).code, expected, threshold);
  }
  assert.equal((await scanned("--code", "")).code, 0);
});

test("code that looks like a flag is code", async () => {
  assert.equal((await scanned("--code=--allow-fs-read")).report.total_findings, 0);
});

test("what is scanned cannot drive a terminal", async () => {
  const { stdout } = await cordon(["scan", "--code", 'import os; x = os.environ["API_KEY"] # \u001b[2J\u202e\u009b']);
  assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
});

test("bytes that are no UTF-8 do not hide what is around them", async (context) => {
  const file = join(await temporaryFolder(context), "latin1.py");
  await writeFile(file, Buffer.from('# caf\u00e9\nimport os; os.environ["API_KEY"]\n', "latin1"));
  const { report } = await scanned("--file", file);
  assert.deepEqual(
    report.findings.map(({ line }) => line),
    [2],
  );
});

test("what cannot be scanned is one clear message", async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, "large.py"), "#".repeat(4_000_001));
  const cases: readonly (readonly [RegExp, readonly string[]])[] = [
    [/give either --file FILE or --code CODE/, []],
    [/give either --file FILE or --code CODE/, ["--file", "x", "--code", "y"]],
    [/there is no such file; check the path/, ["--file", "absent.py"]],
    [/it is no regular file/, ["--file", "."]],
    [/4000001 bytes are over the bound of 4000000/, ["--file", "large.py"]],
  ];
  for (const [message, words] of cases) {
    const { code, stdout, stderr } = await cordon(["scan", ...words], { cwd: folder });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
    assert.match(stderr, /^error: [^\n]+\n$/);
  }
});
