import assert from "node:assert/strict";
import { readFileSync, realpathSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { componentEmbed, componentNew } from "../../../test/support/wasm-tools.ts";
import { commands, processGuest, stdoutOf } from "../../../test/support/process-guest.ts";
import { decodeComponent } from "../../component/decode-component.ts";
import { findProvided } from "../../shared/wit/interface-name.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import { processRun } from "./run-binding.ts";
import { needing } from "../../../test/support/needs.ts";

const NODE = realpathSync(process.execPath);
const GRANT = commands({ node: NODE });

function script(text: string): readonly string[] {
  return ["--eval", text];
}

test("the interface is that of wit/process.wit", async () => {
  const wit = readFileSync(new URL("../../../wit/process.wit", import.meta.url), "utf8");
  const witSource = `package test:process; world w { import cordon:process/run@0.1.0; }\n${wit}`;
  const core = await componentEmbed({ witSource, world: "w", dummy: true });
  const { imports } = decodeComponent(await componentNew(core, [])).interface;
  assert.deepEqual(
    imports.interfaces.map(({ name }) => name),
    ["cordon:process/run@0.1.0"],
  );
  const functions = imports.interfaces.flatMap(({ functions }) => functions);
  assert.deepEqual(
    functions.map((fn) => [fn.name, printFunctionType(fn)]),
    processRun.functions.map(({ name, type }) => [name, type]),
  );
  assert.equal(findProvided("cordon:process/run@0.1.7", [processRun]), processRun);
  assert.equal(findProvided("cordon:process/run@0.2.0", [processRun]), undefined);
  assert.equal(findProvided("cordon:process/run", [processRun]), undefined);
});

test("a program gets its arguments and its input, and its output and exit code come back", async () => {
  const { run, context } = processGuest(GRANT);
  const text = `process.stdin.pipe(process.stdout); console.error(process.argv.slice(1).join()); process.exitCode = 7`;
  const result = await run("node", [...script(text), "a", "b c"], { stdin: Buffer.from("input\n") });
  assert.deepEqual(result, {
    tag: "ok",
    val: {
      status: { tag: "code", val: 7 },
      stdout: new Uint8Array(Buffer.from("input\n")),
      stderr: new Uint8Array(Buffer.from("a,b c\n")),
    },
  });
  assert.equal(context.observations.length, 1);
  assert.partialDeepStrictEqual(context.observations[0], {
    eventType: "ProcessStart",
    action: "process.run",
    result: "Allowed",
  });
  assert.match(context.observations[0]?.resource ?? "", /^node "--eval" .* "a" "b c"$/);
  assert.equal(context.meters.write.used, 6);
  assert.equal(context.meters.read.used, 12);
});

test("the input may come from another realm, as the guest's does", async () => {
  const { run } = processGuest(GRANT);
  const stdin = runInNewContext("Uint8Array.from([104, 105])") as Uint8Array;
  assert.equal(stdoutOf(await run("node", script("process.stdin.pipe(process.stdout)"), { stdin })), "hi");
});

test("without input a program reads the end at once, and it need not read what it is given", async () => {
  const { run } = processGuest(GRANT);
  const count = `let n = 0; process.stdin.on("data", (c) => n += c.length).on("end", () => console.log(n))`;
  assert.equal(stdoutOf(await run("node", script(count))), "0\n");
  assert.equal(stdoutOf(await run("node", script(count), { stdin: new Uint8Array(300_000) })), "300000\n");
  assert.equal(stdoutOf(await run("node", script("0"), { stdin: new Uint8Array(5_000_000) })), "");
});

test(
  "a program that a signal ended says which",
  needing(["posix"], async () => {
    const { run } = processGuest(GRANT);
    const result = await run("node", script(`process.kill(process.pid, "SIGTERM")`));
    assert.equal(result.tag, "ok");
    assert.deepEqual(result.val.status, { tag: "signal", val: "SIGTERM" });
  }),
);

test("what is read and written counts, and is refused before it is more than the limits allow", async () => {
  const tooMuch = processGuest(GRANT, { maxWriteBytes: 9 });
  const refused = await tooMuch.run("node", script("0"), { stdin: new Uint8Array(10) });
  assert.deepEqual(refused.val, { tag: "failed", val: "with its input, more than 9 bytes would have been written" });
  assert.partialDeepStrictEqual(tooMuch.context.observations, [{ eventType: "PolicyViolation", result: "Denied" }]);

  const little = processGuest(GRANT, { maxReadBytes: 10 });
  assert.equal(stdoutOf(await little.run("node", script(`process.stdout.write("123456")`))), "123456");
  const rest = await little.run("node", script(`process.stdout.write("12345")`));
  assert.deepEqual(rest, { tag: "err", val: { tag: "output-too-large" } });
  assert.deepEqual(
    little.context.observations.map(({ eventType, result }) => `${eventType} ${result}`),
    ["ProcessStart Allowed", "ProcessStart Allowed", "PolicyViolation Denied"],
  );
});

test("output is handed over at the rate the guest may read at", async () => {
  const { run, context } = processGuest(GRANT, { readBytesPerSecond: 5_000 });
  assert.equal(stdoutOf(await run("node", script(`process.stdout.write("x".repeat(5100))`))).length, 5_100);
  assert.equal(context.meters.read.used, 5_100);
});
