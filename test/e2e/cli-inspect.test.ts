import assert from "node:assert/strict";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import { cordon, cordonOnTerminal, documentOf } from "../support/cli.ts";
import { bundled, temporaryFolder, testGuest, textGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

let guest: string;
before(async () => {
  guest = await testGuest();
});

/** Text as the binary format writes names of less than 128 bytes. */
function encodedName(text: string): readonly number[] {
  const bytes = Buffer.from(text, "utf8");
  return [bytes.length, ...bytes];
}

/** An empty component whose producers section names one tool. The text format refuses control characters in names. */
function emptyComponentBy(tool: string, version: string): Uint8Array {
  const fields = [1, ...encodedName("processed-by"), 1, ...encodedName(tool), ...encodedName(version)];
  const section = [...encodedName("producers"), ...fields];
  return Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0, section.length, ...section);
}

async function inspected(file: string): Promise<string> {
  const { code, stdout, stderr } = await cordon(["inspect", file]);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
}

test("it shows digest, size, producers, reach, imports and exports with their WIT types", async () => {
  const text = await inspected(guest);
  assert.match(
    text,
    /^Component {2}guest-\w+\nForm {7}component\nDigest {5}sha256:[0-9a-f]{64}\nSize {7}1,\d{3},\d{3} bytes in \d+ core modules\n/,
  );
  assert.match(text, /^Producers {2}.*wit-component \d.*$/m);
  assert.match(text, /^Can run {4}yes$/m);
  assert.match(text, /^ {2}read files {10}--allow-fs-read\[=PATH\] {9}sandbox:skill\/filesystem-read$/m);
  assert.match(text, /^ {2}make HTTP requests {2}--allow-network\[=HOST\[:PORT\]\] {2}sandbox:skill\/network$/m);
  assert.match(
    text,
    /\nImports\n {2}sandbox:skill\/filesystem-read\n {4}read-file: func\(path: string\) -> result<string, string>\n/,
  );
  const exports = text.slice(text.indexOf("\nExports\n"));
  assert.match(exports, /^ {4}type shape = variant \{ dot, circle\(f64\), line\(tuple<point, point>\) \}$/m);
  assert.match(exports, /^ {4}describe: func\(what: shape, in: option<colour>, allowed: rights\) -> string$/m);
});

test("the producers of a tool without a version are named without a space after it", async () => {
  assert.doesNotMatch(await inspected(guest), / ,| $/m);
});

test("a component without imports could reach nothing", async () => {
  const text = await inspected(bundled("skill-scanner"));
  assert.match(text, /\nCould reach, if granted\n {2}nothing: it imports no capability\n\nImports\n {2}none\n/);
});

test("a component that is refused for what its code uses cannot run, and it says why", async () => {
  const component = (fields: string): string =>
    `(component (core module $m ${fields} (func (export "f"))) (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f"))))`;
  const refused = {
    "inspect-shared": [
      component("(memory 1 1 shared)"),
      "it uses shared memory, which is refused unless it is allowed; ",
    ],
    "inspect-collected": [component("(type (struct))"), "it uses garbage-collected types, which Cordon does not run; "],
    "inspect-threads": [`(component (core func (canon thread.index)))`, "it uses the built-in thread.index, "],
  };
  for (const [name, [text = "", reason = ""]] of Object.entries(refused)) {
    const file = await textGuest(name, text);
    const found = await inspected(file);
    assert.ok(found.includes(`\nCan run    no: ${reason}`), found);
    const { runnable, missing, refusal } = documentOf(await cordon(["inspect", file, "--json"]));
    assert.deepEqual([runnable, missing], [false, []]);
    assert.ok(typeof refusal === "string" && refusal.startsWith(reason), String(refusal));
  }
});

test("--json is the same as data", async () => {
  const result = await cordon(["inspect", "--json", guest]);
  const document = documentOf(result);
  assert.deepEqual([result.code, result.stderr], [0, ""]);
  assert.equal(document["bytes"], (await stat(guest)).size);
  assert.equal(document["runnable"], true);
  assert.deepEqual(document["missing"], []);
  assert.ok((document["callable"] as string[]).includes("cordon:test/api#add"));
  const add = { name: "add", async: false, result: { kind: "s32" } };
  const parameters = ["a", "b"].map((name) => ({ name, type: { kind: "s32" } }));
  const { exports } = document["interface"] as { exports: { interfaces: { functions: { name: string }[] }[] } };
  assert.deepEqual(
    exports.interfaces[0]?.functions.find(({ name }) => name === "add"),
    { ...add, parameters },
  );
});

test("--json is one document for a failure, too", async () => {
  const result = await cordon(["inspect", "--json", "/no/such/file.wasm"]);
  assert.equal(result.code, 2);
  assert.equal((documentOf(result)["error"] as { code: string }).code, "usage");
  assert.match(result.stderr, /^error: /);
});

test("a component that needs what is not provided cannot run, and says what it lacks", async () => {
  const wanting = await textGuest(
    "inspect-wanting",
    `(component
      (import "acme:tools/hammer" (instance (export "hit" (func))))
      (import "sandbox:skill/network" (instance (export "http-get" (func (param "url" u32) (result string)))))
      (import "lonely" (func)))`,
  );
  const text = await inspected(wanting);
  assert.match(
    text,
    /^Can run {4}no: it lacks lonely, acme:tools\/hammer, sandbox:skill\/network#http-get of type func\(url: u32\) -> string/m,
  );
  assert.match(text, /^ {2}not provided by this version +acme:tools\/hammer, lonely$/m);
  const { runnable, missing } = documentOf(await cordon(["inspect", "--json", wanting]));
  assert.deepEqual([runnable, (missing as string[]).length], [false, 3]);
});

/** A component whose producers are named by control characters. */
async function hostileNames(context: TestContext): Promise<string> {
  const file = join(await temporaryFolder(context), "producers.wasm");
  await writeFile(file, emptyComponentBy("\u001b]0;owned\u0007\u202e", "1\n2\u009b"));
  return file;
}

test("hostile names are shown without control characters", async (context) => {
  const file = await hostileNames(context);
  for (const words of [
    ["inspect", file],
    ["inspect", "--json", file],
  ]) {
    const { code, stdout } = await cordon(words);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    assert.match(stdout, /owned/);
  }
});

test(
  "hostile names are shown on a terminal without control characters but its colours",
  needing(["terminal"], async (context) => {
    const { stdout } = await cordonOnTerminal(["inspect", await hostileNames(context)]);
    assert.doesNotMatch(stdout.replaceAll("\n", "").replaceAll(/\u001b\[\d+m/g, ""), /[\p{Cc}\p{Cf}]/u);
  }),
);

test("types that double with every level are cut", async () => {
  const levels = Array.from({ length: 13 }, (_, level) =>
    level === 0
      ? `(type $t0 (record (field "a" u8)))`
      : `(type $t${level} (record (field "a" $t${level - 1}) (field "b" $t${level - 1})))`,
  );
  const wide = await textGuest(
    "inspect-wide",
    `(component ${levels.join(" ")}
      (core module $m (memory (export "memory") 1)
        (func (export "r") (param i32 i32 i32 i32) (result i32) i32.const 0)
        (func (export "f") (param i32)))
      (core instance $i (instantiate $m))
      (func $f (param "x" $t12)
        (canon lift (core func $i "f") (memory (core memory $i "memory")) (realloc (core func $i "r"))))
      (instance $api ${levels.map((_, level) => `(export "t${level}" (type $t${level}))`).join(" ")} (export "f" (func $f)))
      (export "acme:tools/api" (instance $api)))`,
  );
  const lines = (await inspected(wide)).split("\n");
  assert.ok(lines.every((line) => line.length < 1200));
  assert.ok(lines.some((line) => line.endsWith("…")));
});

test("a component of thousands of functions is listed in part", async () => {
  const exports = Array.from({ length: 3000 }, (_, index) => `(export "f${index}" (func $f))`).join(" ");
  const many = await textGuest(
    "inspect-many",
    `(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
      (func $f (canon lift (core func $i "f"))) ${exports})`,
  );
  const text = await inspected(many);
  assert.match(text, /\n {2}… and 2500 more lines; --json lists all\n$/);
  const { stderr } = await cordon(["run", many, "nope"]);
  assert.match(stderr, /^error: .*f199 and 2800 more\n$/);
});
