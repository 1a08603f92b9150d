import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { AuditEvent } from "../../src/audit/event.ts";
import type { PolicyShape } from "../../src/policy/documents/policy-shape.ts";
import { type CallOptions, Sandbox, type SandboxOptions } from "../../src/sandbox/index.ts";
import type { LearnedDocument } from "../../src/sandbox/policy/learn/learned-document.ts";
import { openToLearn } from "../../src/sandbox/policy/learn/open-to-learn.ts";
import { grantGuests } from "../support/grants/guests.ts";
import { TEST_CACHE, textGuest, wasiProbe } from "../support/guests.ts";
import { jsonModule } from "../support/json-modules.ts";
import { needing } from "../support/needs.ts";
import { probeCode, type Tools } from "../support/probe.ts";

/** One run of a component: what it is called with, and the files it finds. */
interface Run {
  readonly guest: string | Promise<string>;
  readonly name?: string;
  readonly parameters: readonly unknown[];
  /** What is in its folder before each run. */
  readonly files?: (folder: string) => void;
  readonly options?: Omit<SandboxOptions, "policy">;
  readonly call?: CallOptions;
}

class Place implements Disposable {
  readonly base: string = realpathSync(mkdtempSync(join(tmpdir(), "cordon-learning-")));
  readonly folder: string = join(this.base, "data");

  document(name: string, content: unknown): string {
    const path = join(this.base, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
    return path;
  }

  fresh({ files }: Run): void {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder);
    files?.(this.folder);
  }

  [Symbol.dispose](): void {
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** The denials of a run, and what it gave. */
async function denialsOf(place: Place, run: Run, shape: PolicyShape): Promise<{ denials: string[]; value: unknown }> {
  place.fresh(run);
  const policy = place.document("learned.json", shape);
  const denials: string[] = [];
  const onEvent = ({ result, action, resource, reason }: AuditEvent): void => {
    if (result === "Denied") denials.push(`${action} ${resource}: ${reason}`);
  };
  const common = { cache: TEST_CACHE, ...run.options, onEvent };
  await using sandbox = await Sandbox.open(await run.guest, { ...common, policy });
  const value: unknown = await sandbox.call(run.name, run.parameters, run.call).then(
    (ended) => ended.value,
    (thrown: unknown) => String(thrown),
  );
  return { denials, value };
}

async function learn(place: Place, run: Run, fence: string): Promise<LearnedDocument & { readonly value: unknown }> {
  place.fresh(run);
  const { sandbox, document } = await openToLearn(await run.guest, place.document("fence.yaml", fence), {
    cache: TEST_CACHE,
    ...run.options,
  });
  await using open = sandbox;
  const { value } = await open.call(run.name, run.parameters, run.call);
  return { ...document(), value };
}

/** Each document that has one rule less. */
function withoutOne({ permissions, ...shape }: PolicyShape): readonly (readonly [rule: string, shape: PolicyShape])[] {
  const { storage, network, environment, listen, lookup, process: programs } = permissions ?? {};
  const found: (readonly [string, PolicyShape])[] = [];
  const each = <T>(rules: readonly T[] | undefined | null, key: string, made: (left: readonly T[]) => object): void => {
    for (const rule of rules ?? []) {
      const left = (rules ?? []).filter((one) => one !== rule);
      found.push([`${key} ${JSON.stringify(rule)}`, { ...shape, permissions: { ...permissions, ...made(left) } }]);
    }
  };
  each(storage?.allow, "storage", (allow) => ({ storage: { allow } }));
  each(network?.allow, "network", (allow) => ({ network: { allow } }));
  each(environment?.allow, "environment", (allow) => ({ environment: { allow } }));
  each(listen, "listen", (left) => ({ listen: left }));
  each(Array.isArray(lookup) ? lookup : [], "lookup", (left) => ({ lookup: left }));
  each(Array.isArray(programs) ? programs : [], "process", (left) => ({ process: left }));
  return found;
}

/** Learns a run, and proves the document: the same run has no denial under it, and has one under it without any of its rules. */
async function prove(
  run: Run,
  fence: () => string,
  rules: number,
  sees: "all" | "less" = "all",
): Promise<LearnedDocument> {
  using place = new Place();
  const learned = await learn(place, run, fence());
  const shown = JSON.stringify(learned.shape, undefined, 1);
  const again = await denialsOf(place, run, learned.shape);
  assert.deepEqual(again.denials, [], shown);
  if (sees === "all") assert.deepEqual(again.value, learned.value, shown);
  const less = withoutOne(learned.shape);
  assert.equal(less.length, rules, shown);
  for (const [rule, shape] of less) {
    const { denials } = await denialsOf(place, run, shape);
    assert.notDeepEqual(denials, [], `nothing is denied without ${rule}\n${shown}`);
  }
  return learned;
}

const FILES = (access: string, more = ""): (() => string) => {
  const rule = `{ uri: "fs://data/**", access: [${access}]${more} }`;
  return () => `version: "1.0"\npermissions:\n  storage:\n    allow: [${rule}]\n`;
};

function probed(work: (guest: Tools, folder: string) => unknown): Pick<Run, "guest" | "name" | "parameters"> {
  return { guest: wasiProbe(), name: "run", parameters: [probeCode(work)] };
}

function write(folder: string, path: string, content = path): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

test(
  "what a guest opens, finds absent and looks at is learned name by name",
  needing(["linux"], async () => {
    const run: Run = {
      ...probed(({ folders, read, call }) => {
        const [data] = folders();
        const stat = call(data, "statAt", { symlinkFollow: true }, "sub/seen");
        return [read(data, "sub/deep/b"), read(data, "absent"), typeof stat];
      }),
      files: (folder) => ["sub/deep/b", "sub/seen", "other", "sub/other"].forEach((path) => write(folder, path)),
    };
    await prove(run, FILES("read, write"), 3);
  }),
);

test(
  "what is written, made, moved and removed is learned, under another name of the folder too",
  needing(["linux"], async () => {
    const run: Run = {
      ...probed(({ folders, read, put, call, drop, open }) => {
        const [data] = folders();
        const made = [put(data, "new", "new"), put(data, "old", "changed", "w"), read(data, "new")];
        const moved = [
          put(data, "draft", "text"),
          call(data, "renameAt", "draft", data, "final"),
          read(data, "final"),
          call(data, "unlinkFileAt", "gone"),
        ];
        const folder = [
          call(data, "createDirectoryAt", "dir"),
          put(data, "dir/x", "x"),
          call(data, "unlinkFileAt", "dir/x"),
        ];
        drop(open(data, "dir", "rd"));
        return [made, moved, folder, call(data, "removeDirectoryAt", "dir")];
      }),
      files: (folder) => ["old", "gone", "untouched"].forEach((path) => write(folder, path)),
    };
    const { shape } = await prove(run, FILES("read, write", ", guest: work, maxFileBytes: 1000"), 6);
    for (const rule of shape.permissions?.storage?.allow ?? []) {
      assert.equal(rule.guest, "work");
      assert.equal(rule.maxFileBytes, 1_000);
    }
  }),
);

test(
  "a folder that is listed is learned by what may be read in it, or else by the names that it has, and not those further down",
  needing(["linux"], async () => {
    const run: Run = {
      ...probed(({ folders, list, read, open }) => {
        const [data] = folders();
        return [list(data), read(data, "a"), list(open(data, "sub", "rd"))];
      }),
      files: (folder) => ["a", "b", "sub/c", "sub/deep/d"].forEach((path) => write(folder, path)),
    };
    const { shape } = await prove(run, FILES("read"), 2, "less");
    const uris = shape.permissions?.storage?.allow?.map(({ uri }) => uri.replace(/^.*\/data/u, ""));
    assert.deepEqual(uris, ["/a", "/sub/*"]);
  }),
);

test(
  "links are learned with what they lead to, and folders that are moved with what is in them",
  needing(["linux"], async () => {
    const run: Run = {
      ...probed(({ folders, read, call }) => {
        const [data] = folders();
        return [read(data, "link"), call(data, "renameAt", "in/one", data, "in/two"), read(data, "in/two/x")];
      }),
      files: (folder) => {
        write(folder, "real/file");
        write(folder, "in/one/x");
        symlinkSync("real/file", join(folder, "link"));
      },
    };
    await prove(run, FILES("read, write"), 3);
  }),
);

test("what skills read, write and fetch is learned", async () => {
  const server = createServer((_request, response) => void response.end("body")).listen(0, "127.0.0.1");
  await new Promise((resolve) => void server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const { skill } = await grantGuests();
    const network = `version: "1.0"\npermissions: { network: { allow: [{ cidr: "127.0.0.0/8", port: "*" }] } }\n`;
    const get: Run = { guest: skill, name: "get", parameters: [`http://127.0.0.1:${port}/a`] };
    const { shape } = await prove(get, () => network, 1);
    assert.deepEqual(shape.permissions?.network?.allow, [{ cidr: "127.0.0.1/32", port, protocol: "http" }]);
    const loopback = `version: "1.0"\npermissions: { network: { allow: [{ host: localhost, port: "*" }] } }\n`;
    const named: Run = { guest: skill, name: "get", parameters: [`http://localhost:${port}/a`] };
    const byName = await prove(named, () => loopback, 1);
    assert.deepEqual(byName.shape.permissions?.network?.allow, [{ host: "localhost", port, protocol: "http" }]);
  } finally {
    server.close();
  }
  using place = new Place();
  const { skill } = await grantGuests();
  const at = (name: string): string => join(place.folder, name);
  const fence = FILES("read, write");
  for (const [name, parameters] of [
    ["read", [at("a")]],
    ["write", [at("a"), "changed"]],
    ["write", [at("new"), "made"]],
  ] as const) {
    const run: Run = { guest: skill, name, parameters, files: (folder) => write(folder, "a") };
    const learned = await learn(place, run, fence());
    assert.equal(learned.shape.permissions?.storage?.allow?.length, 1);
    assert.deepEqual((await denialsOf(place, run, learned.shape)).denials, []);
    assert.notDeepEqual((await denialsOf(place, run, { version: "1.0" })).denials, []);
  }
});

test("connections, lookups and places to listen on are learned", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => void server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const fence = `version: "1.0"
permissions:
  network: { allow: [{ cidr: "127.0.0.0/8", port: "*", protocol: tcp }] }
  listen: ["tcp://127.0.0.1:*", "udp://127.0.0.1:*"]
  lookup: any
`;
  const connects = probed(({ connect, address }) => typeof connect(address("127.0.0.1", 7)));
  const to = connects.parameters.map((text) => String(text).replace('"127.0.0.1", 7', `"127.0.0.1", ${port}`));
  try {
    await prove({ ...connects, parameters: to }, () => fence, 1);
  } finally {
    server.close();
  }
  await prove(
    probed(({ lookUp }) => lookUp("localhost").length > 0),
    () => fence,
    1,
  );
  const listening = probed(({ wasi, call, network, address, wait }) => {
    const socket = call(wasi["tcp"], "createTcpSocket", "ipv4");
    const bound = call(socket, "startBind", network(), address("127.0.0.1", 0));
    wait(socket);
    return [bound, call(socket, "finishBind"), call(socket, "startListen")];
  });
  await prove(listening, () => fence, 1);
});

test("variables that are asked for by name are learned, with the value that the fence sets", async () => {
  const module = jsonModule(`(call $answer (call $env_get (local.get $p) (local.get $l)))`);
  const guest = textGuest("learning-variables", module);
  const fence = `version: "1.0"\npermissions: { environment: { allow: [{ key: "17", value: "[1]" }, { key: OTHER, value: x }] } }\n`;
  const { shape } = await prove({ guest, name: "execute", parameters: ["17"] }, () => fence, 1);
  assert.deepEqual(shape.permissions?.environment?.allow, [{ key: "17", value: "[1]" }]);
});

test(
  "programs are learned by the name they were started by, functions of the embedder by their capability",
  needing(["posix"], async () => {
    const { starter, custom } = await grantGuests();
    const programs = `version: "1.0"\npermissions: { process: ["true", "cat"] }\n`;
    const { shape } = await prove({ guest: starter, name: "f", parameters: [] }, () => programs, 1);
    assert.deepEqual(shape.permissions?.process, ["true"]);

    using place = new Place();
    const more = {
      interface: "acme:table/more",
      name: "more",
      type: "func(than: u32) -> u32",
      capability: "acme.more",
      call: ([than]: readonly unknown[]) => Number(than) + 1,
    };
    const options = { hostFunctions: [more] };
    const run: Run = { guest: custom, name: "f", parameters: [], options };
    const fence = `version: "1.0"\npermissions: { custom: { acme.more: true, acme.other: true } }\n`;
    const learned = await learn(place, run, fence);
    assert.deepEqual(learned.shape.permissions, { custom: { "acme.more": true } });
    assert.deepEqual((await denialsOf(place, run, learned.shape)).denials, []);
    assert.equal((await denialsOf(place, run, { version: "1.0" })).denials.length, 1);
  }),
);

test("what is given in place of less is kept as it was given, and what was not used is not", async () => {
  const fence = `version: "1.0"\npermissions: { clocks: read, random: full, stdin: true, environment: { allow: [{ key: A, value: b }] } }\n`;
  using place = new Place();
  const uses = probed(({ wasi, call, wait }) => {
    const input = call(wasi["stdin"], "getStdin");
    wait(input);
    call(wasi["environment"], "getEnvironment");
    return [
      call(input, "read", 100),
      call(wasi["wallClock"], "now") !== null,
      call(wasi["random"], "getRandomU64") !== 0,
    ];
  });
  const learned = await learn(place, { ...uses, call: { stdin: "of the embedder" } }, fence);
  assert.deepEqual(learned.shape.permissions, { stdin: true, clocks: "read", random: "full" });
  assert.match(learned.notes.join(), /which it needs is not seen: A$/u);
  const nothing = await learn(place, { guest: (await grantGuests()).skill, name: "add", parameters: [1, 2] }, fence);
  assert.deepEqual(nothing.shape, { version: "1.0" });
});

test("outside the fence everything is denied, and without one all is", async () => {
  using place = new Place();
  const run: Run = {
    guest: (await grantGuests()).skill,
    name: "read",
    parameters: [join(place.folder, "a")],
    files: (folder) => write(folder, "a"),
  };
  place.fresh(run);
  const events: AuditEvent[] = [];
  const fence = place.document(
    "fence.yaml",
    'version: "1.0"\npermissions: { storage: { allow: [{ uri: "fs://data/b", access: [read] }] } }\n',
  );
  for (const bound of [fence, undefined]) {
    const onEvent = (event: AuditEvent): void => void events.push(event);
    const { sandbox, document } = await openToLearn(await run.guest, bound, { cache: TEST_CACHE, onEvent });
    await using open = sandbox;
    await assert.rejects(open.call(run.name, run.parameters), { code: "guest-error" });
    assert.deepEqual(document().shape, { version: "1.0" });
  }
  assert.deepEqual(
    events.map(({ result }) => result),
    ["Denied", "Denied"],
  );
  assert.equal(readFileSync(join(place.folder, "a"), "utf8"), "a");
});
