import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { after, before, test } from "node:test";
import type { ProcessGrant } from "../grants.ts";
import { parseGrants } from "./parse-grants.ts";
import type { ProcessInput } from "./parse-process.ts";
import { needing } from "../../../test/support/needs.ts";

let base = "";
before(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "cordon-process-")));
  for (const folder of ["bin", "other", "bin/folder"]) mkdirSync(join(base, folder));
  for (const [file, mode] of [
    ["bin/tool", 0o755],
    ["bin/plain", 0o644],
    ["other/tool", 0o755],
    ["other/plain", 0o755],
    ["here", 0o755],
  ] as const) {
    writeFileSync(join(base, file), "#!/bin/sh\n");
    chmodSync(join(base, file), mode);
  }
  symlinkSync("tool", join(base, "bin/alias"));
});
after(() => rmSync(base, { recursive: true }));

function granted(
  input: ProcessInput,
  path: string = ["bin", "other"].map((one) => join(base, one)).join(delimiter),
): ProcessGrant {
  return parseGrants({ process: input }, { cwd: base, env: { PATH: path } }).process;
}

function paths(input: ProcessInput, path?: string): unknown {
  const grant = granted(input, path);
  return grant.kind === "commands" ? grant.commands.map((one) => [one.name, one.path.replace(`${base}/`, "")]) : grant;
}

test("none, full, and an empty list", () => {
  assert.deepEqual(parseGrants({}, { cwd: "/" }).process, { kind: "none" });
  assert.deepEqual(granted("none"), { kind: "none" });
  assert.deepEqual(granted([]), { kind: "none" });
  assert.deepEqual(granted("full"), { kind: "full" });
});

test(
  "commands are found on the PATH given, once, as real paths",
  needing(["posix"], () => {
    assert.deepEqual(paths(["tool", "alias", "tool"]), [
      ["tool", "bin/tool"],
      ["alias", "bin/tool"],
    ]);
    assert.deepEqual(paths(["plain"]), [["plain", "other/plain"]], "what cannot be run is passed over");
    assert.deepEqual(paths(["./here", join(base, "other/tool")]), [
      ["./here", "here"],
      [join(base, "other/tool"), "other/tool"],
    ]);
  }),
);

test(
  "relative folders of the PATH, and the current one, are not searched",
  needing(["posix"], () => {
    const fromHere = relative(process.cwd(), join(base, "bin"));
    for (const path of ["", ".", "bin", fromHere, `${delimiter}${delimiter}.`]) {
      assert.throws(() => granted(["tool"], path), {
        code: "policy",
        message: /"tool": no such program is on the PATH/,
      });
      assert.throws(() => granted(["here"], path), { code: "policy" });
    }
    assert.throws(
      () => parseGrants({ process: ["sh"] }, { cwd: "/" }),
      { code: "policy" },
      "there is no PATH without env",
    );
  }),
);

test(
  "what is no program is refused",
  needing(["posix"], () => {
    for (const [name, message] of [
      ["nope", /no such program/],
      ["folder", /no such program/],
      ["", /empty/],
      ["to\0ol", /NUL/],
      ["./nope", /not a file that can be run/],
      ["./bin", /not a file that can be run/],
      ["bin/plain", /not a file that can be run/],
      ["tool --flag", /no such program/],
    ] as const) {
      assert.throws(() => granted([name]), { code: "policy", message });
    }
    assert.throws(() => granted("all" as ProcessInput), {
      code: "policy",
      message: /process: expected a list of strings/,
    });
  }),
);
