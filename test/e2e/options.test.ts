import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  GuestInstance,
  inspect,
  requestHandler,
  run,
  Sandbox,
  serveHttp,
  watch,
  WatchedSandbox,
} from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

/** Options as plain JavaScript gives them: no type keeps anything out. */
type Any = never;

let guest: string;
let sandbox: Sandbox;
let instance: GuestInstance;

before(async (context) => {
  guest = await textGuest(
    "options",
    `(component
      (core module $m (func (export "run") (result i32) (i32.const 7)))
      (core instance $i (instantiate $m))
      (func (export "seven") (result u32) (canon lift (core func $i "run"))))`,
  );
  sandbox = await Sandbox.open(guest, { cache: TEST_CACHE });
  instance = await sandbox.instantiate();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  (context as { after?: (hook: () => Promise<void>) => void }).after?.(() => sandbox.close());
});

/** Every entry of the library that takes options, with what else it is given. */
const ENTRIES: Readonly<Record<string, (options: unknown) => Promise<unknown>>> = {
  "Sandbox.open": (options) => Sandbox.open(guest, options as Any),
  run: (options) => run(guest, "seven", [], options as Any),
  inspect: (options) => inspect(guest, options as Any),
  serveHttp: (options) => serveHttp(guest, options as Any),
  "Sandbox.call": (options) => sandbox.call("seven", [], options as Any),
  "Sandbox.execute": (options) => sandbox.execute([], options as Any),
  "Sandbox.handle": (options) => sandbox.handle({} as Any, options as Any),
  "Sandbox.instantiate": (options) => sandbox.instantiate(options as Any),
  "Sandbox.callMany": (options) => sandbox.callMany("seven", [], options as Any),
  "Sandbox.spawn": (options) => sandbox.spawn([], options as Any).ended,
  "GuestInstance.call": (options) => instance.call("seven", [], options as Any),
  watch: (options) => watch(guest, options as Any),
};

const odd = (trap: keyof ProxyHandler<object>): object =>
  new Proxy(
    {},
    {
      [trap]: () => {
        throw new TypeError("a trap");
      },
    },
  );

class WithPrototype {
  get signal(): undefined {
    return undefined;
  }
}

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const OF_SIGNAL: readonly (readonly [unknown, RegExp])[] = [
  [{ signal: 5 }, /option signal of .*: it is an AbortSignal, not 5/u],
  [{ signal: {} }, /AbortSignal, not an object/u],
  [{ signal: new Proxy(new AbortController().signal, {}) }, /AbortSignal/u],
  [{ signal: { aborted: false, addEventListener: () => undefined } }, /AbortSignal/u],
  [Object.defineProperty({}, "signal", { enumerable: true, get: () => assert.fail("a getter") }), /a getter/u],
];

for (const [entry, attempt] of Object.entries(ENTRIES)) {
  test(`${entry} takes only options that there are, of their types`, async () => {
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ sgnal: 1, prt: 1 }, /there is none of that name; did you mean (?:signal|port)\?/u],
      [{ zzzzzzzz: 1 }, /option zzzzzzzz of .*there are .*signal|host/u],
      [{ "a\n\u{202e}b": 1 }, /option "a\\n\\u\{202e\}b" of/u],
      [{ [Symbol("s")]: 1 }, /option a symbol of/u],
      [JSON.parse('{ "__proto__": 1 }'), /option __proto__ of/u],
      [Object.defineProperty({}, "isolaton", { value: 1 }), /option isolaton of/u],
      [{ constructor: Object }, /option constructor of/u],
      ...(entry === "serveHttp" ? [] : OF_SIGNAL),
      [odd("ownKeys"), /options of .*: reading it failed: "a trap"/u],
      [odd("getPrototypeOf"), /a trap/u],
      [revoked(), /reading it failed/u],
      [new WithPrototype(), /a plain object/u],
      [Object.create({ signal: undefined }), /a plain object/u],
      [new Map(), /a plain object/u],
      ...[null, 5, "x", true, 5n, [], () => undefined, Symbol("s")].map((one) => [one, /a plain object/u] as const),
    ];
    for (const [options, message] of wrong) await failsWith("usage", message, attempt(options));
  });
}

test("what is wrong is told all at once", async () => {
  const error = await failsWith(
    "usage",
    /^Cannot use the options of Sandbox\.open, 6 problems: \(1\) .*\(6\) /u,
    Sandbox.open(guest, {
      isolaton: "process",
      isolation: "vm",
      onEvent: 5,
      limits: { timeoutMS: 1, memoryBytes: -1 },
      grants: { filesystm: {} },
      hostFunctions: [5],
    } as Any),
  );
  for (const part of [
    "isolaton",
    '"thread", "process" or "auto"',
    "onEvent",
    "timeoutMs?",
    "memoryBytes",
    "filesystem",
  ])
    assert.ok(error.message.includes(part), `${part} is not in ${error.message}`);
});

test("grants by themselves are a matter of policy, and are read once", async () => {
  await failsWith("policy", /unknown key "filesystm"/u, Sandbox.open(guest, { grants: { filesystm: {} } } as Any));
  await failsWith("policy", /expected an object/u, Sandbox.open(guest, { grants: 5 } as Any));
  const loop: { filesystem?: object } = {};
  loop.filesystem = loop;
  await failsWith("usage", /nested too deep/u, Sandbox.open(guest, { grants: loop }));
  let reads = 0;
  const grants = {
    get stdin(): boolean {
      reads += 1;
      return false;
    },
  };
  await using _opened = await Sandbox.open(guest, { grants, cache: TEST_CACHE });
  assert.equal(reads, 1);
});

/** Options of `Sandbox.open`, one wrong value each. */
const WRONG: readonly (readonly [name: string, value: unknown])[] = [
  ["name", 5],
  ["cache", "x"],
  ["cache", true],
  ["cache", { dir: "x" }],
  ["cache", { maxBytes: -1 }],
  ["cache", { directory: 5 }],
  ["sharedMemory", "yes"],
  ["missingImports", "ignore"],
  ["onStage", 5],
  ["isolation", "vm"],
  ["isolation", null],
  ["osSandbox", true],
  ["grants", new Map()],
  ["deterministic", 1],
  ["deterministic", { sed: 1 }],
  ["deterministic", { seed: -1 }],
  ["limits", 5],
  ["limits", []],
  ["limits", { constructor: 1 }],
  ["limits", odd("ownKeys")],
  ["onEvent", {}],
  ["hostFunctions", {}],
  ["hostFunctions", [revoked()]],
];

test("every option of a sandbox is checked", async () => {
  for (const [name, value] of WRONG) {
    await failsWith("usage", /./u, Sandbox.open(guest, { [name]: value }));
    await failsWith("usage", /./u, serveHttp(guest, { sandbox: { [name]: value } }));
  }
  const listening = { host: 5, port: 70_000, graceMs: -1, maxConcurrent: 0, onFailure: 1, stdout: {}, sandbox: 5 };
  for (const [name, value] of Object.entries(listening)) {
    await failsWith("usage", new RegExp(`option ${name} of serveHttp`, "u"), serveHttp(guest, { [name]: value }));
  }
  await failsWith("usage", /is open already/u, serveHttp(sandbox, { sandbox: { isolation: "process" } }));
});

test("options of a call are checked", async () => {
  const used = new Response("x");
  await used.text();
  const locked = new WritableStream();
  locked.getWriter();
  const wrong = { stdin: 5, stdout: 5, stderr: locked, limits: { timeoutMs: "1" } };
  for (const [name, value] of [...Object.entries(wrong), ["stdin", used], ["stdin", null]] as const) {
    await failsWith("usage", /./u, sandbox.call("seven", [], { [name]: value }));
  }
});

test("what else entries are given is checked", async () => {
  await failsWith("usage", /no list of strings/u, sandbox.execute("x" as Any));
  await failsWith("usage", /argument 2 is no string/u, sandbox.execute(["a", 5] as Any));
  for (const name of [5, null, {}, Symbol("s")])
    await failsWith("usage", /its name is no string/u, sandbox.call(name as Any));
  for (const given of [5, null, {}, "x", odd("get")])
    await failsWith("usage", /./u, sandbox.call("seven", given as Any));
  for (const exchange of [undefined, null, 5, {}, { head: 5 }, { head: {}, read: 5 }, odd("get"), revoked()]) {
    await failsWith("usage", /Cannot /u, sandbox.handle(exchange as Any));
  }
  for (const source of [undefined, null, 5, {}, [], odd("get"), revoked(), new URL("https://example.com/")]) {
    await failsWith("usage", /Cannot load/u, Sandbox.open(source as Any));
    await failsWith("usage", /Cannot load/u, inspect(source as Any));
    await failsWith("usage", /Cannot load/u, serveHttp(source as Any));
  }
});

test("neither a constructor nor a method by itself leads anywhere", async () => {
  const Made = Sandbox as unknown as new (parts?: unknown) => unknown;
  for (const parts of [undefined, null, {}, { engine: {} }]) {
    await failsWith("usage", /Cannot make a Sandbox with new/u, () => new Made(parts));
  }
  const Instance = instance.constructor as new (link?: unknown) => unknown;
  for (const link of [undefined, null, {}]) {
    await failsWith("usage", /Cannot make a GuestInstance with new/u, () => new Instance(link));
  }
  const Watched = WatchedSandbox as unknown as new (path?: unknown, given?: unknown) => unknown;
  for (const path of [undefined, null, 5, "tool.wasm"]) {
    await failsWith("usage", /Cannot make a WatchedSandbox with new/u, () => new Watched(path));
  }
  for (const [noun, { prototype }] of Object.entries({
    sandbox: Sandbox,
    instance: GuestInstance,
    watched: WatchedSandbox,
  })) {
    for (const self of [undefined, null, 5, {}, prototype, Object.create(prototype), new Proxy({}, {})]) {
      for (const key of Reflect.ownKeys(prototype)) {
        const found = (Object.getOwnPropertyDescriptor(prototype, key) ?? {}) as {
          readonly value?: () => unknown;
          readonly get?: () => unknown;
        };
        const member = found.value ?? found.get;
        if (key === "constructor" || member === undefined) continue;
        const message = new RegExp(`^Cannot use .*: it was taken off its ${noun}; use it as ${noun}\\.`, "u");
        await failsWith("usage", message, async () => Reflect.apply(member, self, []));
      }
    }
  }
  assert.equal((await instance.call("seven")).value, 7);
});

test("a handler of requests takes an open sandbox alone", async () => {
  for (const sandbox of [undefined, null, 5, {}, "tool.wasm", Object.create(null), new Proxy({}, {})]) {
    await failsWith("usage", /^Cannot make a handler of requests: it takes a sandbox/u, () =>
      requestHandler(sandbox as Any),
    );
  }
});

test("what only looks like a source is none", async () => {
  const lying = Object.defineProperty(new Uint8Array(8), "buffer", {
    get: () => {
      throw new TypeError("a getter");
    },
  });
  for (const source of [Object.create(URL.prototype), lying, new Proxy(new Uint8Array(8), {}), 5, null, {}]) {
    await failsWith("usage", /^Cannot load a component: give its path/u, Sandbox.open(source as Any));
    await failsWith("usage", /^Cannot load a component: give its path/u, inspect(source as Any));
  }
});
