import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import {
  type HostFunctionInput,
  type HostResourceInput,
  type IsolationLevel,
  Sandbox,
  type SandboxOptions,
} from "../../src/sandbox/index.ts";
import { failsWith } from "../support/errors.ts";
import { TEST_CACHE } from "../support/guests.ts";
import { bucketsGuest, rootBucketsGuest } from "../support/resource-guests.ts";

const STORE = "acme:kv/store@1.0.0";

class Bucket implements Disposable {
  disposals = 0;
  value: number;

  constructor(value: number) {
    this.value = value;
  }

  [Symbol.dispose](): void {
    this.disposals += 1;
  }
}

/** The store, with all buckets that it made. */
function store(replaced: Partial<Record<string, HostFunctionInput["call"]>> = {}): {
  readonly made: Bucket[];
  readonly hostFunctions: readonly (HostFunctionInput | HostResourceInput)[];
} {
  const made: Bucket[] = [];
  const make = (value: number): Bucket => {
    const bucket = new Bucket(value);
    made.push(bucket);
    return bucket;
  };
  const fn = (name: string, type: string, call: HostFunctionInput["call"]): HostFunctionInput => ({
    interface: STORE,
    name,
    type,
    capability: "kv",
    call: replaced[name] ?? call,
  });
  return {
    made,
    hostFunctions: [
      fn("[constructor]bucket", "func(value: u32) -> bucket", ([value]) => make(value as number)),
      fn("[method]bucket.add", "func(self: borrow<bucket>, more: u32) -> u32", ([self, more]) => {
        assert.ok(self instanceof Bucket);
        self.value += more as number;
        return self.value;
      }),
      fn("[static]bucket.swallow", "func(bucket: own<bucket>) -> result<u32, string>", ([bucket]) => ({
        tag: "ok",
        val: (bucket as Bucket).value,
      })),
      fn("all", "func() -> list<bucket>", () => [make(1), make(2), make(3)]),
      { interface: STORE, resource: "bucket" },
    ],
  };
}

let guest: string;
before(async () => {
  guest = await bucketsGuest();
});

const disposals = (made: readonly Bucket[]): readonly number[] => made.map((one) => one.disposals);

for (const isolation of ["thread", "process"] satisfies readonly IsolationLevel[]) {
  describe(`at the isolation level ${isolation}`, () => {
    const open = (options: SandboxOptions): Promise<Sandbox> =>
      Sandbox.open(guest, { cache: TEST_CACHE, isolation, grants: { custom: { kv: true } }, ...options });

    test("a resource of the world itself belongs to no interface", async () => {
      const { made, hostFunctions } = store();
      const atRoot = hostFunctions.map((one) => ({ ...one, interface: undefined }));
      await using sandbox = await Sandbox.open(await rootBucketsGuest(), {
        cache: TEST_CACHE,
        isolation,
        grants: { custom: { kv: true } },
        hostFunctions: atRoot,
      });
      assert.equal((await sandbox.call("run")).value, 42);
      assert.deepEqual(disposals(made), [1]);
    });

    test("guests make, use, drop and hand over objects of the embedder's", async () => {
      const { made, hostFunctions } = store();
      await using sandbox = await open({ hostFunctions });
      await using instance = await sandbox.instantiate();
      assert.equal((await instance.call("use")).value, 12);
      assert.deepEqual(disposals(made), [1]);
      assert.equal((await instance.call("hand-back")).value, 9);
      assert.deepEqual(disposals(made), [1, 0], "it is the embedder's again");
      assert.equal((await instance.call("listed")).value, 3);
      assert.deepEqual(disposals(made), [1, 0, 1, 1, 1]);
    });

    test("what a guest keeps is let go of when its invocation has ended, each once", async () => {
      const { made, hostFunctions } = store();
      await using sandbox = await open({ hostFunctions });
      await sandbox.call("leak", [3]);
      assert.deepEqual(disposals(made), [1, 1, 1]);
      const instance = await sandbox.instantiate();
      await instance.call("keep");
      assert.deepEqual(disposals(made), [1, 1, 1, 0]);
      await instance.close();
      assert.deepEqual(disposals(made), [1, 1, 1, 1]);
    });

    test("objects are passed to exports and come back from them as they are", async () => {
      const { made, hostFunctions } = store();
      await using sandbox = await open({ hostFunctions });
      const own = new Bucket(40);
      assert.equal((await sandbox.call("grow", [own])).value, 41);
      assert.deepEqual([own.value, own.disposals], [41, 0], "it was lent");
      const { value } = await sandbox.call("give");
      assert.equal(value, made[0]);
      assert.deepEqual(disposals(made), [0]);
      await sandbox.call("take", [own]);
      assert.equal(own.disposals, 1);
      await failsWith("usage", /number 5, which is no object/, sandbox.call("grow", [5]));
    });
  });
}

test("a function that is denied takes nothing: what was handed over to it is let go of", async () => {
  const { made, hostFunctions } = store();
  const denying = hostFunctions.map((one) =>
    "name" in one && one.name === "[static]bucket.swallow" ? { ...one, check: { allows: () => false } } : one,
  );
  const options: SandboxOptions = { cache: TEST_CACHE, grants: { custom: { kv: true } }, hostFunctions: denying };
  await using sandbox = await Sandbox.open(guest, options);
  assert.equal((await sandbox.call("hand-back")).value, -1);
  assert.deepEqual(disposals(made), [1]);
});

test("a guest that holds more objects than it may hold handles ends, and all are let go of", async () => {
  const { made, hostFunctions } = store();
  const options: SandboxOptions = { cache: TEST_CACHE, grants: { custom: { kv: true } }, hostFunctions };
  await using sandbox = await Sandbox.open(guest, { ...options, limits: { maxHandles: 20 } });
  const error = await failsWith("limit", /more than 20 handles/, sandbox.call("leak", [1_000]));
  assert.equal(error.limit?.limit, "handles");
  assert.equal(made.length, 21);
  assert.ok(made.every((one) => one.disposals === 1));
});

test("what a function returns in place of an object ends the guest, and says to nobody else what it was", async () => {
  const { hostFunctions } = store({ "[constructor]bucket": () => "no object" });
  const reasons: unknown[] = [];
  await using sandbox = await Sandbox.open(guest, {
    cache: TEST_CACHE,
    grants: { custom: { kv: true } },
    hostFunctions,
    onEvent: ({ reason }) => void reasons.push(reason),
  });
  await failsWith("trap", /trapped/, sandbox.call("use"));
  assert.match(String(reasons[0]), /string "no object", which is no object/);
});

test("one that is dropped by a function that fails is a warning, and nothing else", async () => {
  const { hostFunctions } = store();
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  await using sandbox = await Sandbox.open(guest, {
    cache: TEST_CACHE,
    grants: { custom: { kv: true } },
    hostFunctions: hostFunctions.map((one) =>
      "resource" in one ? { ...one, dropped: () => assert.fail("not today") } : one,
    ),
  });
  assert.equal((await sandbox.call("use")).value, 12);
  assert.match((await warned).message, /dropping a bucket failed: not today/);
});

test("a component is refused whose resource nobody gives", async () => {
  const { hostFunctions } = store();
  const without = [
    ...hostFunctions.filter((one) => !("resource" in one) && !one.type.includes("bucket") && one.name !== "all"),
    { interface: STORE, name: "other", type: "func()", capability: "kv", call: () => undefined },
  ];
  const opened = Sandbox.open(guest, { cache: TEST_CACHE, hostFunctions: without });
  await failsWith("unsupported", /store@1\.0\.0#bucket \(a resource\)/, opened);
});

test("declarations that do not fit are refused, each with what is wrong", async () => {
  const of = (input: object): Promise<Sandbox> =>
    Sandbox.open(guest, { hostFunctions: [{ interface: STORE, resource: "bucket" }, input as never] });
  const fn = { interface: STORE, name: "f", type: "func()", capability: "kv", call: () => undefined };
  for (const [input, problem] of [
    [{ ...fn, name: "[method]pot.get" }, /declares no resource pot/],
    [{ ...fn, name: "[method]bucket" }, /no WIT name/],
    [{ ...fn, name: "[constructor]bucket.new" }, /no WIT name/],
    [{ ...fn, name: "[method]bucket.get", type: "func() -> u32" }, /takes self: borrow<bucket> first/],
    [{ ...fn, name: "[constructor]bucket", type: "func() -> u32" }, /gives a bucket/],
    [{ ...fn, type: "func() -> borrow<bucket>" }, /cannot return what it only borrows/],
    [{ ...fn, type: "func(a: borrow<pot>)" }, /a resource that is declared/],
    [{ interface: STORE, resource: "bucket" }, /bucket is there already/],
    [{ interface: STORE, resource: "Not A Name" }, /no WIT name/],
    [{ interface: STORE, resource: "pot", dropped: 5 }, /dropped is no function/],
    [{ interface: STORE, resource: "pot", drop: 5 }, /unknown key "drop"; the keys are/],
  ] as const) {
    await failsWith("usage", problem, of(input));
  }
});
