import assert from "node:assert/strict";
import { before, test } from "node:test";
import { cordon, documentOf } from "../support/cli.ts";
import { exactGuest, failingGuest, largeMemoryGuest } from "../support/cli-guests.ts";
import { bundled, testGuest } from "../support/guests.ts";

let guest: string;
let exact: string;
before(async () => {
  [guest, exact] = await Promise.all([testGuest(), exactGuest()]);
});

async function prints(words: readonly string[], stdout: string): Promise<void> {
  const result = await cordon(["run", ...words]);
  assert.deepEqual(result, { code: 0, stdout, stderr: "" });
}

/** Fails with one line on stderr and nothing on stdout. */
async function fails(code: number, message: RegExp, words: readonly string[]): Promise<void> {
  const result = await cordon(["run", ...words]);
  assert.match(result.stderr, message);
  // Where it trapped is said in further lines.
  assert.match(result.stderr, /^error: [^\n]+\n(?: +at [^\n]+\n)*$/);
  assert.deepEqual([result.code, result.stdout], [code, ""]);
}

test("arguments are taken in WAVE and in JSON, and the result is printed as its type says", async () => {
  await prints([guest, "add", "5", "3"], "8\n");
  await prints([guest, "greet", "Zoë 🌍"], "Hello, Zoë 🌍!\n");
  await prints([guest, "greet", '"quoted\\n"'], "Hello, quoted\n!\n");
  await prints([guest, "mirror", "{x: 1, y: -2}"], "{x: -1, y: 2}\n");
  await prints([guest, "mirror", '{"x": 1, "y": -2}'], "{x: -1, y: 2}\n");
  await prints([guest, "reverse", "[1, 2, 3]"], "[3, 2, 1]\n");
  await prints([guest, "total", "[1,2,4000000]"], "4000003\n");
  await prints([guest, "check", "7"], "7\n");
});

test("variants, options and flags go in", async () => {
  const circle = `{"what":{"tag":"circle","val":1.5},"colour":"green","read":false,"write":true}\n`;
  await prints([guest, "describe", "circle(1.5)", "some(green)", "{write}"], circle);
  await prints([guest, "describe", '{"circle": 1.5}', '"green"', '["write"]'], circle);
  const dot = `{"what":{"tag":"dot"},"colour":null,"read":false,"write":false}\n`;
  await prints([guest, "describe", "dot", "none", "{}"], dot);
  await prints([guest, "describe", '"dot"', "null", "[]"], dot);
});

test("64-bit integers are exact to the last bit", async () => {
  await prints(
    [exact, "pair", "18446744073709551615", "-9223372036854775808"],
    "(18446744073709551615, -9223372036854775808)\n",
  );
  await prints([exact, "pair", '"9007199254740993"', "-9007199254740993"], "(9007199254740993, -9007199254740993)\n");
  const result = await cordon(["run", "--json", exact, "pair", "18446744073709551615", "-1"]);
  assert.deepEqual(documentOf(result)["result"], ["18446744073709551615", "-1"]);
  await fails(2, /expected u64, found "18446744073709551616"/, [exact, "pair", "18446744073709551616", "0"]);
});

test("negative numbers are arguments, with and without --", async () => {
  await prints([guest, "add", "-5", "3"], "-2\n");
  await prints([guest, "add", "--", "-5", "3"], "-2\n");
  await prints(["--", guest, "add", "-5", "3"], "-2\n");
  await prints([guest, "greet", "--", "--json"], "Hello, --json!\n");
  await prints([guest, "greet", "--", "--allow-fs-read"], "Hello, --allow-fs-read!\n");
});

test("without an export, the run of a skill is called", async () => {
  const { code, stdout } = await cordon(["run", bundled("demo-malicious")]);
  assert.match(
    stdout,
    /^BLOCKED: Failed to read \/etc\/passwd - Permission denied: filesystem-read capability not granted\n$/,
  );
  assert.equal(code, 0);
  await fails(2, /it is no skill, so name an export; its exports are .*cordon:test\/api#add/, [guest]);
});

test("exports go by their full and their short names", async () => {
  for (const name of ["cordon:test/api#add", "api#add", "api.add", "add"]) await prints([guest, name, "1", "2"], "3\n");
});

test("a wrong export is answered with a suggestion and the list", async () => {
  await fails(2, /no such export; did you mean "greet"\? its exports are .*api#add, .*api#greet/, [guest, "gret", "x"]);
});

test("wrong arguments are answered with the WIT type and the place", async () => {
  await fails(2, /Argument "b": .* column 1: expected s32, found "two"/, [guest, "add", "1", "two"]);
  await fails(2, /expected 2 arguments \(a: s32, b: s32\), found 1 argument/, [guest, "add", "1"]);
  await fails(2, /expected 2 arguments \(a: s32, b: s32\), found 3 arguments/, [guest, "add", "1", "2", "3"]);
  await fails(2, /Argument "at": .*y/, [guest, "mirror", '{"x": 1}']);
  await fails(2, /value\[1\]: expected u8, found number 256/, [guest, "reverse", "[1, 256]"]);
});

test("the exit code says how it ended", async () => {
  await fails(1, /the guest returned an error: -7 is negative/, [guest, "check", "--", "-7"]);
  await fails(4, /the guest trapped/, [guest, "fail", "on purpose"]);
  await fails(5, /did not end within 300 ms; raise --timeout, which is 300ms \(a bare number is in seconds\)/, [
    guest,
    "--timeout",
    "300ms",
    "spin",
  ]);
  await fails(5, /start at 65536000 bytes, over the cap of 1048576/, [
    await largeMemoryGuest(),
    "--max-memory=1MiB",
    "f",
  ]);
});

test("memory is capped", async () => {
  await prints([guest, "allocate", "40"], "40\n");
  const { code, stderr } = await cordon(["run", guest, "--max-memory", "16MiB", "allocate", "40"]);
  assert.match(stderr, /^error: Calling cordon:test\/api#allocate: /);
  assert.ok(code === 4 || code === 5, `exit code ${code}`);
});

test("quantities that make no sense are refused with what does", async () => {
  await fails(2, /--timeout="0": it takes a duration such as 500ms, 5s or 2m/, [
    guest,
    "--timeout",
    "0",
    "add",
    "1",
    "2",
  ]);
  await fails(2, /--timeout="soon"/, [guest, "--timeout=soon", "add", "1", "2"]);
  await fails(2, /--max-memory="1": it takes a size such as 64MiB/, [guest, "--max-memory", "1", "add", "1", "2"]);
});

test("--json is one document, for success", async () => {
  const result = await cordon(["run", "--json", guest, "mirror", "{x: 1, y: 2}"]);
  const { component, usage, ...rest } = documentOf(result);
  assert.deepEqual([result.code, result.stderr], [0, ""]);
  assert.deepEqual(rest, {
    status: "ok",
    export: "cordon:test/api#mirror",
    result: { x: -1, y: -2 },
    events: [],
    eventCount: 0,
  });
  assert.match(JSON.stringify(component), /"digest":"sha256:[0-9a-f]{64}"/);
  assert.match(
    JSON.stringify(usage),
    /"wallMs":[\d.]+,"fuel":\d+,"cpuMs":[\d.]+,"longestHoldMs":0,"memoryHighWaterBytes":\d+,"hostCalls":0,/,
  );
});

test("--json is one document, for every kind of failure, and stderr says it as well", async () => {
  const failing = await failingGuest();
  const cases: readonly (readonly [number, string, readonly string[]])[] = [
    [1, "guest-error", [guest, "--json", "check", "-7"]],
    [1, "guest-error", [failing, "--json", "failing"]],
    [2, "usage", ["--json", "/no/such/file.wasm"]],
    [2, "usage", ["--json", guest, "nope"]],
    [2, "usage", ["--json", guest, "add", "1", "--clock"]],
    [2, "usage", ["--json", guest, "add", "1", "two"]],
    [2, "usage", ["--json", guest, "--timeout=never", "add", "1", "2"]],
    [2, "usage", ["--json", "--no-such-flag"]],
    [2, "usage", ["--json"]],
    [2, "usage", ["--json", guest, "--audit", "/no/such/folder/audit.jsonl", "add", "1", "2"]],
    [2, "policy", ["--json", guest, "--allow-fs-read=/no/such/folder", "add", "1", "2"]],
    [2, "invalid-component", ["--json", "package.json"]],
    [3, "guest-error", ["--json", guest, "read", "/etc/passwd"]],
    [4, "trap", ["--json", guest, "fail", "x"]],
    [5, "limit", ["--json", guest, "--timeout=300ms", "spin"]],
  ];
  for (const [code, errorCode, words] of cases) {
    const result = await cordon(["run", ...words]);
    const { status, error } = documentOf(result) as { status: string; error: { code: string; message: string } };
    assert.deepEqual([result.code, status, error.code], [code, "error", errorCode], words.join(" "));
    assert.match(result.stderr, /^error: /m);
    assert.doesNotMatch(error.message, /\n|^error/);
  }
});

test("an error's payload and limit are in the document, with 64-bit integers as strings and no raw control character", async () => {
  const result = await cordon(["run", "--json", await failingGuest(), "failing"]);
  const { error } = documentOf(result) as { error: { payload: unknown } };
  assert.deepEqual(error.payload, { code: "18446744073709551615", text: "\u009b" });
  assert.doesNotMatch(result.stdout + result.stderr, /\u009b/);
  const limited = documentOf(await cordon(["run", guest, "--json", "--timeout=250ms", "spin"]));
  assert.match(JSON.stringify(limited), /"limit":\{"limit":"deadline","cap":250,"used":\d+\}/);
});
