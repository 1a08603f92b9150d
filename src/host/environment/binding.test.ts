import assert from "node:assert/strict";
import { test } from "node:test";
import { callHost, hostContext, InvocationEnded } from "../../../test/support/host-context.ts";
import { cliEnvironment } from "./binding.ts";
import { cliExit } from "./exit-binding.ts";

test("without a grant there are no variables, no arguments and no directory, whatever the host has", () => {
  const context = hostContext();
  assert.deepEqual(callHost(cliEnvironment, "get-environment", context), { tag: "ok", val: [] });
  assert.deepEqual(callHost(cliEnvironment, "get-arguments", context), { tag: "ok", val: [] });
  assert.deepEqual(callHost(cliEnvironment, "initial-cwd", context), { tag: "ok", val: undefined });
  assert.deepEqual(context.observations, []);
});

test("the guest gets exactly what was granted, and that is recorded once and without the values", () => {
  const environment = [
    ["API_KEY", "s3cret"],
    ["LANG", "C"],
  ] as const;
  const context = hostContext({ grants: { environment }, programArguments: ["prog", "--flag", ""] });
  for (let round = 0; round < 2; round += 1) {
    assert.deepEqual(callHost(cliEnvironment, "get-environment", context), { tag: "ok", val: environment });
  }
  assert.deepEqual(callHost(cliEnvironment, "get-arguments", context), { tag: "ok", val: ["prog", "--flag", ""] });
  assert.deepEqual(context.observations, [
    {
      eventType: "EnvironmentAccess",
      action: "environment.get-environment",
      resource: "API_KEY LANG",
      result: "Allowed",
    },
  ]);
});

test("exit ends the invocation with the code", () => {
  const codes: readonly (readonly [string, unknown, number])[] = [
    ["exit", { tag: "ok" }, 0],
    ["exit", { tag: "err" }, 1],
    ["exit-with-code", 0, 0],
    ["exit-with-code", 42, 42],
    ["exit-with-code", 255, 255],
  ];
  for (const [name, status, code] of codes) {
    assert.throws(
      () => callHost(cliExit, name, hostContext(), status),
      (thrown: unknown) => {
        assert.ok(thrown instanceof InvocationEnded);
        assert.deepEqual(thrown.ending, { kind: "exit", code });
        return true;
      },
    );
  }
});
