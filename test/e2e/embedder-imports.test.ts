import assert from "node:assert/strict";
import { test } from "node:test";
import { type HostFunctionInput, Sandbox } from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

const GRANTS = { custom: { c: true } };

function giving(number: number, of: Partial<HostFunctionInput>): HostFunctionInput {
  return { name: "number", type: "func() -> u32", capability: "c", call: () => number, ...of };
}

/** A component whose `f` adds what the imported functions give, each under an index. */
function adding(imports: string, functions: readonly string[]): Promise<string> {
  const indices = functions.map((_, index) => index);
  return textGuest(
    "adding",
    `(component ${imports}
      ${functions.map((one, index) => `${one.replace("$f", `$f${index}`)} (core func $l${index} (canon lower (func $f${index})))`).join("\n")}
      (core module $m ${indices.map((index) => `(import "" "${index}" (func $${index} (result i32)))`).join(" ")}
        (func (export "f") (result i32) (i32.const 0) ${indices.map((index) => `(i32.add (call $${index}))`).join(" ")}))
      (core instance $i (instantiate $m (with "" (instance
        ${indices.map((index) => `(export "${index}" (func $l${index}))`).join(" ")}))))
      (func (export "f") (result u32) (canon lift (core func $i "f"))))`,
  );
}

const INSTANCE = (name: string, id: string): string =>
  `(import "${name}" (instance ${id} (export "number" (func (result u32)))))`;

test("the embedder gives functions by themselves, and of interfaces without a package", async () => {
  const component = await adding(`(import "number" (func $f0 (result u32))) ${INSTANCE("plain", "$p")}`, [
    "",
    `(alias export $p "number" (func $f))`,
  ]);
  const hostFunctions = [giving(1, {}), giving(20, { interface: "plain" })];
  const events: string[] = [];
  await using sandbox = await Sandbox.open(component, {
    cache: TEST_CACHE,
    grants: GRANTS,
    hostFunctions,
    onEvent: ({ action }) => void events.push(action),
  });
  const { value, usage } = await sandbox.call("f");
  assert.equal(value, 21);
  assert.deepEqual(events, ["number", "plain#number"]);
  assert.deepEqual(usage.hostCallsByFunction, { number: 1, "plain#number": 1 });
  await failsWith("unsupported", /number, plain$/, Sandbox.open(component, { cache: TEST_CACHE }));
});

test("versions of one interface are given side by side, each to who asks for it or a compatible one", async () => {
  const name = "acme:x/y";
  const component = await adding(
    `${INSTANCE(`${name}@0.1.0`, "$a")} ${INSTANCE(`${name}@0.2.5`, "$b")} ${INSTANCE(`${name}@1.0.0`, "$c")} ${INSTANCE(name, "$d")}`,
    ["$a", "$b", "$c", "$d"].map((id) => `(alias export ${id} "number" (func $f))`),
  );
  const hostFunctions = [
    giving(1, { interface: `${name}@0.1.0` }),
    giving(20, { interface: `${name}@0.2.0` }),
    giving(300, { interface: `${name}@1.2.0` }),
    giving(4_000, { interface: `${name}@1.0.0` }),
    giving(50_000, { interface: name }),
  ];
  await using sandbox = await Sandbox.open(component, { cache: TEST_CACHE, grants: GRANTS, hostFunctions });
  assert.equal((await sandbox.call("f")).value, 54_021);
  const without = Sandbox.open(component, { cache: TEST_CACHE, hostFunctions: hostFunctions.slice(1) });
  await failsWith("unsupported", /acme:x\/y@0\.1\.0$/, without);
});

test("a function of another type than the component's is refused, by itself too", async () => {
  const component = await adding(`(import "number" (func $f0 (result u32)))`, [""]);
  const hostFunctions = [giving(1, { type: "func() -> u64" })];
  await failsWith(
    "unsupported",
    /number of type func\(\) -> u32 \(it is func\(\) -> u64\)/,
    Sandbox.open(component, { hostFunctions }),
  );
});
