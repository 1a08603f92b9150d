import assert from "node:assert/strict";
import { test } from "node:test";
import { cordon } from "../support/cli.ts";

const HEADER = `=== Cordon - Running Skill Component ===
Component: `;

const MALICIOUS_OUT = `${HEADER}malicious
Capabilities:
  filesystem-read:  DENIED
  filesystem-write: DENIED
  network:          DENIED


=== Component Result ===
BLOCKED: Failed to read /etc/passwd - Permission denied: filesystem-read capability not granted
`;

const MALICIOUS_ERR = `[DENIED] Component 'malicious' attempted filesystem-read.read-file("/etc/passwd") without permission
         filesystem-read is not granted; allow it with --allow-fs-read=PATH
`;

const TRUSTED_OUT = `${HEADER}trusted
Capabilities:
  filesystem-read:  GRANTED (.)
  filesystem-write: DENIED
  network:          DENIED


=== Component Result ===
SUCCESS: Read demo.txt content:
Hello from the sandbox!
This file was read by a trusted WASM component.
Capability-based security is working correctly.
`;

const TRUSTED_ERR = "[ALLOWED] Component 'trusted' read file './demo.txt' successfully\n";

test("the malicious skill is blocked from /etc/passwd", async () => {
  assert.deepEqual(await cordon(["demo", "malicious"]), { code: 0, stdout: MALICIOUS_OUT, stderr: MALICIOUS_ERR });
});

test("the trusted skill reads demo.txt, wherever the command runs", async () => {
  const expected = { code: 0, stdout: TRUSTED_OUT, stderr: TRUSTED_ERR };
  assert.deepEqual(await cordon(["demo", "trusted"]), expected);
  assert.deepEqual(await cordon(["demo", "trusted"], { cwd: "/" }), expected);
});

test("without a name, both run", async () => {
  assert.deepEqual(await cordon(["demo"]), {
    code: 0,
    stdout: `${MALICIOUS_OUT}\n${TRUSTED_OUT}`,
    stderr: MALICIOUS_ERR + TRUSTED_ERR,
  });
});
