import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ScanReport } from "./report.ts";
import { scanner } from "./scanner.ts";
import { anyText } from "../../test/support/any-text.ts";

const FIXTURES = new URL("../../test/fixtures/seed-examples/", import.meta.url);

const CATEGORIES = new Set([
  "api_exfiltration",
  "suspicious_network",
  "credential_access",
  "obfuscated_code",
  "dangerous_imports",
]);
const WEIGHTS = { critical: 0.4, high: 0.25, medium: 0.1, low: 0.05 } as const;

function scan(code: string): ScanReport {
  const report: ScanReport = JSON.parse(scanner.scanCode(code));
  checkShape(report);
  return report;
}

/** Asserts everything the output promises whatever the input. */
function checkShape(report: ScanReport): void {
  assert.deepEqual(Object.keys(report), [
    "findings",
    "safety_score",
    "summary",
    "total_findings",
    "findings_by_severity",
  ]);
  assert.deepEqual(Object.keys(report.findings_by_severity), ["critical", "high", "medium", "low"]);
  let score = 1;
  let total = 0;
  for (const severity of ["critical", "high", "medium", "low"] as const) {
    score -= report.findings_by_severity[severity] * WEIGHTS[severity];
    total += report.findings_by_severity[severity];
  }
  assert.equal(report.total_findings, total);
  assert.equal(report.findings.length, Math.min(total, 1_000));
  assert.ok(Math.abs(report.safety_score - Math.max(0, score)) < 1e-6);
  let line = 1;
  for (const finding of report.findings) {
    assert.deepEqual(Object.keys(finding), ["category", "severity", "line", "context", "description"]);
    assert.ok(CATEGORIES.has(finding.category));
    assert.ok(Object.hasOwn(WEIGHTS, finding.severity));
    assert.ok(Number.isInteger(finding.line) && finding.line >= line);
    line = finding.line;
    assert.ok(finding.context.length <= 200 && finding.context === finding.context.trim());
    assert.ok(finding.description.length > 0 && finding.description.length <= 400);
  }
}

function linesOf(report: ScanReport): number[] {
  return [...new Set(report.findings.map((finding) => finding.line))];
}

describe("the report", () => {
  it("has the form of the reference's example", () => {
    assert.deepEqual(scan('import os; os.environ["API_KEY"]'), {
      findings: [
        {
          category: "api_exfiltration",
          severity: "high",
          line: 1,
          context: 'import os; os.environ["API_KEY"]',
          description: "Environment variable API_KEY is read - its name is that of a secret",
        },
      ],
      safety_score: 0.75,
      summary: "SUSPICIOUS: Found 1 issues (1 high). Categories: api exfiltration.",
      total_findings: 1,
      findings_by_severity: { critical: 0, high: 1, medium: 0, low: 0 },
    });
  });

  it("says so when nothing is found", () => {
    assert.deepEqual(scan("def double(n):\n    return 2 * n\n"), {
      findings: [],
      safety_score: 1,
      summary: "SAFE: No issues found.",
      total_findings: 0,
      findings_by_severity: { critical: 0, high: 0, medium: 0, low: 0 },
    });
    assert.equal(scan("").safety_score, 1);
  });

  it("chooses its word by the score", () => {
    const words = [
      ["import pickle", "MINOR CONCERNS", 0.9],
      ["eval(x)", "SUSPICIOUS", 0.75],
      ["eval(x)\neval(y)", "RISKY", 0.5],
      ["eval(x)\neval(y)\neval(z)", "DANGEROUS", 0.25],
      ["eval(x)\n".repeat(5), "DANGEROUS", 0],
    ] as const;
    for (const [code, word, score] of words) {
      const report = scan(code);
      assert.equal(report.summary.split(":", 1)[0], word);
      assert.equal(report.safety_score, score);
    }
  });

  it("names severities from the worst and categories in the summary", () => {
    const report = scan('import subprocess\nx = "https://webhook.site/1"\n');
    assert.equal(
      report.summary,
      "RISKY: Found 2 issues (1 critical, 1 medium). Categories: suspicious network, dangerous imports.",
    );
  });

  it("cuts the context at 200 characters and trims it", () => {
    const report = scan(`    eval("${"a".repeat(500)}")   \r\n`);
    assert.equal(report.findings[0]?.context, `eval("${"a".repeat(194)}`);
  });

  it("counts lines by any line ending", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      assert.deepEqual(linesOf(scan(["x = 1", '"""', "doc", '"""', "eval(x)", ""].join(end))), [5]);
    }
  });

  it("lists at most 1,000 findings, the severe before the mild, and counts the others", () => {
    const report = scan(`${"import pickle\n".repeat(1_500)}x = "https://webhook.site/1"\n`);
    assert.equal(report.total_findings, 1_501);
    assert.equal(report.findings.length, 1_000);
    assert.equal(report.findings.at(-1)?.severity, "critical");
    assert.equal(report.safety_score, 0);
  });

  it("says when a text is too long to be read whole", () => {
    const report = scan(`${"#".repeat(4_000_000)}\neval(x)\n`);
    assert.deepEqual(
      report.findings.map((finding) => finding.description),
      ["Only the first 4000000 characters were read"],
    );
  });
});

describe("the reference's example skills", () => {
  const expected: readonly (readonly [file: string, score: number, lines: readonly number[]])[] = [
    ["api_key_stealer.py", 0, [13, 14, 15, 19, 21, 24]],
    ["discord_exfil.py", 0, [10, 14, 18, 19, 20, 24, 28]],
    ["obfuscated_payload.py", 0, [16, 17, 21, 24]],
    ["ssh_key_theft.py", 0, [12, 15, 18]],
    ["safe_skill.py", 1, []],
    ["safe_skill_advanced.py", 1, []],
  ];
  for (const [file, score, lines] of expected) {
    it(`${file} scores ${score}`, () => {
      const report = scan(readFileSync(new URL(file, FIXTURES), "utf8"));
      assert.equal(report.safety_score, score);
      const found = new Set(linesOf(report));
      assert.deepEqual(
        lines.filter((line) => !found.has(line)),
        [],
        "lines without a finding",
      );
      if (score === 1) assert.deepEqual(report.findings, []);
    });
  }
});

describe("any input", () => {
  const hostile: Readonly<Record<string, string>> = {
    "100,000 open brackets": "[".repeat(100_000),
    "100,000 nested lists": "[".repeat(100_000) + "]".repeat(100_000),
    "closing brackets": ")]}".repeat(50_000),
    "nested f-strings": "f'{f\"{".repeat(30_000),
    "format specifications": `f"${"{a:".repeat(50_000)}`,
    "nested templates": `const a = ${"`${".repeat(50_000)}`,
    "nested substitutions": "$(".repeat(50_000),
    "an unterminated string": `"${"a".repeat(1_000_000)}`,
    "an unterminated docstring": `"""${"a\n".repeat(200_000)}`,
    "a line of a megabyte": `x = ${'"a" + '.repeat(160_000)}"b"`,
    "an attribute chain": `a${".b".repeat(200_000)}`,
    "a call chain": `a${"()".repeat(100_000)}`,
    "a doubling text": `x = "a"\n${"x = x + x\n".repeat(20_000)}`,
    "a text of many uses": `x = "${"QUJD".repeat(50_000)}"\n${"y = base64.b64decode(x)\n".repeat(5_000)}`,
    "nested functions": Array.from({ length: 500 }, (_, at) => `${" ".repeat(at)}def f(a):`).join("\n"),
    "slashes and classes": `const a = ${"/[".repeat(50_000)}`,
    "unpaired surrogates": "\ud800".repeat(50_000),
    "NUL characters": "\0".repeat(50_000),
    pipes: `#!/bin/sh\n${"curl | ".repeat(30_000)}`,
    fences: `---\n---\n${"```\n".repeat(50_000)}`,
    "code in code": "exec('".repeat(20_000),
  };
  for (const [name, code] of Object.entries(hostile)) {
    it(`${name} gives a report`, () => {
      scan(code);
    });
  }

  it("made of random characters gives a report", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 400 }), (code) => {
        scan(code);
      }),
      { numRuns: 100 },
    );
  });

  it("made of random pieces of code gives the same report twice", () => {
    const piece = fc.constantFrom(
      ...`import os|from os import|environ|getenv|"API_KEY"|'|"|"""|f"|{|}|(|)|[|]|:|=|,|.|;|\\|#|exec|eval|lambda|for x in|if|else|def f(a):|class A:|return|requests.post|open|"~/.ssh/id_rsa"|\`|\${|$(||curl|bash|<<A|\n    |\n| |const|require|=>|//|/*|---|\`\`\`|:=|**|await|base64.b64decode|"aW1wb3J0IG9z"|\u202e`.split(
        "|",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const code = pieces.join("");
        scan(code);
        assert.equal(scanner.scanCode(code), scanner.scanCode(code));
      }),
      { numRuns: 500 },
    );
  });

  it("made by damaging a real skill gives a report", () => {
    const seed = readFileSync(new URL("discord_exfil.py", FIXTURES), "utf8");
    fc.assert(
      fc.property(fc.nat(seed.length), fc.nat(40), fc.string({ maxLength: 10 }), (at, removed, added) => {
        scan(seed.slice(0, at) + added + seed.slice(at + removed));
      }),
      { numRuns: 200 },
    );
  });

  it("keeps a finding when harmless code is added after it", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("x = 1", "# eval", "def g(a):\n    return a", '"""text"""')), (lines) => {
        assert.ok(linesOf(scan(`eval(x)\n${lines.join("\n")}`)).includes(1));
      }),
      { numRuns: 50 },
    );
  });
});
