import assert from "node:assert/strict";
import { test } from "node:test";
import { defineTemplates, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

test("templates give options by name, each replaced as a whole, and limits one by one", async () => {
  const templates = defineTemplates({
    tool: { cache: TEST_CACHE, grants: { stdin: true, random: "full" }, limits: { profile: "dense", timeoutMs: 500 } },
    bare: { cache: TEST_CACHE },
  });
  assert.deepEqual(templates.names, ["tool", "bare"]);
  const { grants, limits, name } = templates.options("tool", {
    name: "x",
    grants: { lookup: "any" },
    limits: { fuel: 9 },
  });
  assert.deepEqual([grants, limits, name], [{ lookup: "any" }, { profile: "dense", timeoutMs: 500, fuel: 9 }, "x"]);
  assert.deepEqual(templates.options("tool", { limits: { profile: "minimal" } }).limits, { profile: "minimal" });
  assert.deepEqual(templates.options("tool", { limits: undefined }).limits, { profile: "dense", timeoutMs: 500 });
  const guest = await textGuest("templates", "(component)");
  await using sandbox = await Sandbox.open(guest, templates.options("tool"));
  assert.equal(sandbox.limits.timeoutMs, 500);
});

test("templates are checked when they are defined, and nothing changes them afterwards", async () => {
  const given = { tool: { grants: { filesystem: { read: ["."] } }, limits: { fuel: 5 } } };
  const templates = defineTemplates(given);
  given.tool.grants.filesystem.read.push("/etc");
  given.tool.limits.fuel = 6;
  const { grants, limits } = templates.options("tool");
  assert.deepEqual([grants, limits], [{ filesystem: { read: ["."] } }, { fuel: 5 }]);
  const files = grants?.filesystem as { read: string[] };
  assert.throws(() => (files.read = ["/"]), TypeError);
  assert.throws(() => files.read.push("/"), TypeError);

  const wrong = { a: { isolaton: "thread" }, b: { grants: { filesystm: {} } }, c: { limits: { fuel: -1 } } };
  await failsWith("usage", /3 problems: .*a\.isolaton.*filesystm.*fuel/u, () => defineTemplates(wrong as never));
  await failsWith("policy", /stdn/u, () => defineTemplates({ a: { grants: { stdn: true } } } as never));
  await failsWith("usage", /plain object/u, () => defineTemplates(5 as never));
  await failsWith("usage", /did you mean "tool"\?/u, () => templates.options("tol" as never));
  await failsWith("usage", /there are "tool"/u, () => templates.options("__proto__" as never));
  await failsWith("usage", /isolaton/u, () => templates.options("tool", { isolaton: "x" } as never));
});
