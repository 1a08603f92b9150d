import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import type { ScanReport } from "./report.ts";
import { scanner } from "./scanner.ts";
import { needing, PLACES } from "../../test/support/needs.ts";

const { scannerEvaluations: EVALS, benignSkills: BENIGN } = PLACES;

/**
 * Skills whose fault is none of the five categories: injection into SQL, a path that is not checked, a loop without
 * end, instructions in prose.
 */
const OUT_OF_SCOPE = new Set(["database-query", "file-reader", "infinite-loop", "jailbreak-override"]);

function scan(file: string): ScanReport {
  return JSON.parse(scanner.scanCode(readFileSync(file, "utf8")));
}

/** How many findings of a file are critical or high. */
function severe(file: string): number {
  const { critical, high } = scan(file).findings_by_severity;
  return critical + high;
}

/** The skills of the evaluation corpus that say what is expected of them. */
function labelledSkills(): { name: string; safe: boolean; files: string[] }[] {
  return globSync(join(EVALS, "**/_expected.json")).map((expected) => {
    const { expected_safe: safe } = JSON.parse(readFileSync(expected, "utf8"));
    const folder = dirname(expected);
    const files = globSync(join(folder, "*.{py,md,yaml,sh,js}"));
    return { name: basename(folder), safe, files };
  });
}

describe("the evaluation corpus", () => {
  it(
    "each malicious skill within the categories has a severe finding",
    needing(["scanner-corpus"], () => {
      const malicious = labelledSkills().filter((skill) => !skill.safe && !OUT_OF_SCOPE.has(skill.name));
      assert.ok(malicious.length >= 7);
      for (const { name, files } of malicious) {
        assert.ok(
          files.some((file) => severe(file) > 0),
          name,
        );
      }
    }),
  );

  it(
    "no safe skill has any finding",
    needing(["scanner-corpus"], () => {
      const safe = labelledSkills().filter((skill) => skill.safe);
      assert.ok(safe.length >= 3);
      for (const file of safe.flatMap((skill) => skill.files)) assert.deepEqual(scan(file).findings, [], file);
    }),
  );

  it(
    "invisible instructions and a hostile block in documents are found",
    needing(["scanner-corpus"], () => {
      for (const name of ["ascii-smuggling", "prompt-injection"]) {
        assert.ok(severe(join(EVALS, "test_skills/malicious", name, "SKILL.md")) > 0, name);
      }
    }),
  );
});

describe("the benign corpus", () => {
  it(
    "has one severe finding, a command line that a variable is put into, and no critical one",
    needing(["scanner-corpus"], () => {
      const found = globSync(join(BENIGN, "**/*"), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .flatMap((file) => scan(file).findings.map((finding) => ({ file: basename(file), ...finding })))
        .filter(({ severity }) => severity === "critical" || severity === "high")
        .map(({ file, severity, category }) => `${file} ${severity} ${category}`);
      assert.deepEqual(found, ["server.cjs high dangerous_imports"]);
    }),
  );
});
