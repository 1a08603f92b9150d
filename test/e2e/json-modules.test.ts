import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { AuditEvent } from "../../src/audit/event.ts";
import { inspect } from "../../src/sandbox/loading/inspect.ts";
import type { SandboxOptions } from "../../src/sandbox/options/sandbox-options.ts";
import { Sandbox } from "../../src/sandbox/sandbox.ts";
import { failsWith } from "../support/errors.ts";
import { temporaryFolder, textGuest, TEST_CACHE } from "../support/guests.ts";
import { ECHO, jsonModule } from "../support/json-modules.ts";

interface Outcome {
  readonly value: unknown;
  readonly stderr: string;
  readonly events: readonly AuditEvent[];
}

async function execute(text: string, input: string, options: SandboxOptions = {}): Promise<Outcome> {
  const events: AuditEvent[] = [];
  const chunks: Uint8Array[] = [];
  await using sandbox = await Sandbox.open(await textGuest("json", text), {
    cache: TEST_CACHE,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  const { value } = await sandbox.call("execute", [input], { stderr: (chunk) => void chunks.push(chunk) });
  return { value, stderr: Buffer.concat(chunks).toString("utf8"), events };
}

const succinct = ({ events }: Outcome): unknown =>
  events.map(({ eventType, action, resource, result }) => [eventType, action, resource, result]);

describe("modules with the JSON interface", () => {
  test("take a JSON text and give one", async () => {
    for (const input of [
      "{}",
      '{"operation":"add","a":1,"b":2}',
      "[1, 2.5e3, null, true]",
      '"é \\u0000 \u{1f600}"',
      " 7 ",
    ]) {
      assert.equal((await execute(ECHO, input)).value, input);
    }
  });

  test("take and give a megabyte, in memory that had to grow for it", async () => {
    const input = JSON.stringify("x".repeat(1_000_000));
    assert.equal((await execute(ECHO, input)).value, input);
  });

  test("start with _initialize, which may call the host too", async () => {
    const text = jsonModule("(call $json (i32.const 16) (i32.const 1))", {
      fields: `(func (export "_initialize")
        (call $log (i32.const 2) (i32.const 0) (i32.const 4))
        (i32.store8 (i32.const 16) (i32.const 0x37)))`,
    });
    const { value, stderr } = await execute(text, "{}");
    assert.deepEqual([value, stderr], ["7", "info: null\n"]);
  });

  test("read and write files that are granted, and no others", async (context) => {
    const folder = await temporaryFolder(context);
    writeFileSync(join(folder, "in.json"), '{"found":true}');
    const paths = `(data (i32.const 64) "in.json") (data (i32.const 96) "out.json") (data (i32.const 128) "/etc/passwd")`;
    const read = jsonModule("(call $answer (call $fs_read (i32.const 64) (i32.const 7)))", { fields: paths });
    const steal = jsonModule("(call $answer (call $fs_read (i32.const 128) (i32.const 11)))", { fields: paths });
    const write = jsonModule(
      `(drop (call $answer (call $fs_write (i32.const 96) (i32.const 8) (local.get $p) (local.get $l))))
       (call $json (i32.const 0) (i32.const 4))`,
      { fields: paths },
    );
    const cwd = process.cwd();
    process.chdir(folder);
    context.after(() => process.chdir(cwd));
    const granted = { grants: { filesystem: { read: ["."], write: ["."] } } };

    const done = await execute(read, "{}", granted);
    assert.equal(done.value, '{"found":true}');
    assert.deepEqual(succinct(done), [["FilesystemAccess", "vak.fs-read", "in.json", "Allowed"]]);

    assert.equal((await execute(write, '{"kept":[1]}', granted)).stderr, "");
    assert.equal(readFileSync(join(folder, "out.json"), "utf8"), '{"kept":[1]}');

    const denied = await execute(steal, "{}", granted);
    assert.equal(denied.value, "null");
    assert.equal(denied.stderr, "error: Permission denied: filesystem-read is not granted for this path\n");
    assert.deepEqual(succinct(denied), [["FilesystemAccess", "vak.fs-read", "/etc/passwd", "Denied"]]);
    for (const [text, capability] of [
      [read, "read"],
      [write, "write"],
    ] as const) {
      const { stderr } = await execute(text, '"not granted"');
      assert.equal(stderr, `error: Permission denied: filesystem-${capability} capability not granted\n`);
    }
    assert.equal(readFileSync(join(folder, "out.json"), "utf8"), '{"kept":[1]}');
  });

  test("see the variables that are granted, and not that others exist", async () => {
    const get = jsonModule(
      `(if (i64.eq (call $env_get (local.get $p) (local.get $l)) (i64.const -1))
         (then (return (call $json (i32.const 0) (i32.const 4)))))
       (call $answer (call $env_get (local.get $p) (local.get $l)))`,
    );
    const grants = { environment: { set: { "17": "[1]", "18": "" } } };
    assert.equal((await execute(get, "17", { grants })).value, "[1]");
    const absent = await execute(get, "19", { grants });
    assert.equal(absent.value, "null");
    assert.deepEqual(succinct(absent), [["EnvironmentAccess", "vak.env-get", "19", "Denied"]]);
    // An empty value is no failure: its block is empty, which is no JSON.
    await failsWith("guest-error", /not JSON/, execute(get, "18", { grants }));
  });

  test("write what they log to stderr, within the bound of output", async () => {
    const log = jsonModule(
      `(call $log (i32.const 9) (local.get $p) (local.get $l)) (call $json (i32.const 0) (i32.const 4))`,
    );
    assert.equal((await execute(log, '"seen"')).stderr, '9: "seen"\n');
    const forever = jsonModule(
      `(loop $again (call $log (i32.const 0) (local.get $p) (local.get $l)) (br $again)) unreachable`,
    );
    const error = await failsWith(
      "limit",
      /output/,
      execute(forever, '"again"', { limits: { maxStdoutBytes: 10_000 } }),
    );
    assert.equal(error.limit?.limit, "stdout-bytes");
  });

  test("can be inspected", async () => {
    const found = await inspect(await textGuest("json", ECHO));
    assert.deepEqual(
      [found.form, found.callable, found.runnable, found.coreModules],
      ["json-module", ["execute"], true, 1],
    );
    assert.deepEqual(
      found.interface.imports.interfaces.map(({ name, functions }) => [name, ...functions.map((fn) => fn.name)]),
      [["cordon:vak/host", "fs-read", "fs-write", "env-get", "log"]],
    );
    const pure = await inspect(
      await textGuest(
        "json-pure",
        `(module (memory (export "memory") 1)
          (func (export "alloc") (param i32) (result i32) i32.const 0)
          (func (export "execute") (param i32 i32) (result i32) i32.const 0))`,
      ),
    );
    assert.deepEqual([pure.form, pure.interface.imports.interfaces, pure.reach], ["json-module", [], []]);
  });
});

describe("a hostile module with the JSON interface", () => {
  const outside = /outside of its memory/;

  test("traps when its result lies outside of its memory, or pretends to", async () => {
    for (const pointer of ["0xffffffff", "0xfffffffc", "-5", "0x1fffd", "0x20000", "0x80000000"]) {
      await failsWith("trap", outside, execute(jsonModule(`(i32.const ${pointer})`), "{}"));
    }
    for (const length of ["0xffffffff", "-1", "0x1fff9", "0x80000000"]) {
      const body = `(i32.store (i32.const 8) (i32.const ${length})) (i32.const 8)`;
      await failsWith("trap", outside, execute(jsonModule(body), "{}"));
    }
  });

  test("traps when it names what lies outside of its memory, and cannot go on from there", async () => {
    const bad = ["(i32.const -1) (i32.const 1)", "(i32.const 0) (i32.const -1)", "(i32.const 0x20000) (i32.const 1)"];
    const calls = bad.flatMap((range) => [
      `(drop (call $fs_read ${range}))`,
      `(drop (call $fs_write ${range} (i32.const 0) (i32.const 0)))`,
      `(drop (call $fs_write (i32.const 0) (i32.const 4) ${range}))`,
      `(drop (call $env_get ${range}))`,
      `(call $log (i32.const 0) ${range})`,
    ]);
    for (const call of calls) {
      const swallowed = `(block $caught (try_table (catch_all $caught) ${call})) (call $json (i32.const 0) (i32.const 4))`;
      await failsWith("trap", outside, execute(jsonModule(swallowed), "{}"));
    }
    const once = `(block $caught (try_table (catch_all $caught) ${calls[0] ?? ""}))
      (call $log (i32.const 0) (i32.const 0) (i32.const 4))
      (call $json (i32.const 0) (i32.const 4))`;
    await failsWith("trap", outside, execute(jsonModule(once), "{}"));
  });

  test("traps when alloc gives what is not its own", async () => {
    for (const alloc of ["(i32.const -1)", "(i32.const 0x20000)", "(i32.const 0x1ffff)", "(i32.const 0x80000000)"]) {
      await failsWith("trap", outside, execute(jsonModule("(i32.const 8)", { alloc }), "{}"));
    }
    await failsWith("trap", /unreachable/, execute(jsonModule("(i32.const 8)", { alloc: "unreachable" }), "{}"));
  });

  test("cannot call back into itself from alloc and wait there", async () => {
    const alloc = "(call $log (i32.const 0) (i32.const 0) (i32.const 4)) (i32.const 4096)";
    const { value, stderr } = await execute(jsonModule("(call $json (i32.const 0) (i32.const 4))"), "{}");
    assert.deepEqual([value, stderr], ["null", ""]);
    await failsWith("trap", /./, execute(jsonModule("(i32.const 8)", { alloc }), "{}"));
  });

  test("may not make the host copy more than one crossing may", async () => {
    const limits = { maxCrossingBytes: 100_000 };
    const large = jsonModule(
      `(memory.fill (i32.const 8) (i32.const 0x20) (i32.const 200000))
       (i32.store8 (i32.const 12) (i32.const 0x31))
       (i32.store (i32.const 8) (i32.const 150000)) (i32.const 8)`,
      { memory: "4" },
    );
    assert.equal(String((await execute(large, "{}")).value).length, 150_000);
    await failsWith("limit", /./, execute(large, "{}", { limits }));
    const body = `(block $caught (try_table (catch_all $caught) (call $log (i32.const 0) (i32.const 0) (i32.const 150000))))
      (call $json (i32.const 0) (i32.const 4))`;
    await failsWith("limit", /./, execute(jsonModule(body, { memory: "4" }), "{}", { limits }));
    const content = `(block $caught (try_table (catch_all $caught)
        (drop (call $fs_write (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 150000)))))
      (call $json (i32.const 0) (i32.const 4))`;
    await failsWith("limit", /./, execute(jsonModule(content, { memory: "4" }), "{}", { limits }));
  });

  test("gives an error when its result or its input is no JSON", async () => {
    await failsWith("guest-error", /gave no result/, execute(jsonModule("(i32.const 0)"), "{}"));
    for (const text of ["", "{", "nul", "[1,]", "\\ff\\fe", '\\"\\c3\\"']) {
      const bytes = text.replaceAll(/\\[0-9a-f]{2}|\\"/g, "x").length;
      const body = jsonModule(`(call $json (i32.const 64) (i32.const ${bytes}))`, {
        fields: text === "" ? "" : `(data (i32.const 64) "${text.replaceAll(/"(?<!\\")/g, '\\"')}")`,
      });
      const attempt = execute(body, "{}");
      if (text.includes("\\")) await failsWith("trap", /UTF-8/, attempt);
      else await failsWith("guest-error", /not JSON/, attempt);
    }
    for (const input of ["", "{", "undefined", "'a'"])
      await failsWith("guest-error", /the input is not JSON/, execute(ECHO, input));
  });

  test("has the memory of its cap and no more, and its deadline", async () => {
    const grow = jsonModule(`(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (i32.store8 (i32.const 16) (i32.add (i32.const 0x30) (i32.eq (memory.size) (i32.const 32))))
      (call $json (i32.const 16) (i32.const 1))`);
    assert.equal((await execute(grow, "{}", { limits: { memoryBytes: 32 * 65_536 } })).value, "1");
    const spin = jsonModule("(loop $again (br $again)) unreachable");
    const error = await failsWith("limit", /did not end within/, execute(spin, "{}", { limits: { timeoutMs: 300 } }));
    assert.equal(error.limit?.limit, "deadline");
  });

  // Weakening: the module is hardened without its counter, so that nothing but the end of its thread ends it.
  for (const [where, text] of Object.entries({
    execute: jsonModule("(loop $again (br $again)) unreachable"),
    alloc: jsonModule("unreachable", { alloc: "(loop $again (br $again)) unreachable" }),
    _initialize: jsonModule("unreachable", { fields: `(func (export "_initialize") (loop $again (br $again)))` }),
  })) {
    test(`has its fuel, counted and alone, in ${where}`, async () => {
      const error = await failsWith("limit", /units of fuel/, execute(text, "{}", { limits: { fuel: 5_000_000 } }));
      assert.equal(error.limit?.limit, "fuel");
      assert.ok((error.usage?.fuel ?? 0) > 5_000_000, `${error.usage?.fuel}`);
    });
  }
});
