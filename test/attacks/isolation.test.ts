import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { Confinement } from "../../src/runtime/process/confinement.ts";
import { closesNetwork } from "../../src/runtime/process/node-flags.ts";
import { entryPath } from "../../src/runtime/process/own-files.ts";
import { escape, NOTHING, planEscape } from "../support/escape.ts";
import type { Attempts, Given } from "../support/escape/attack.ts";
import { temporaryFolder } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

/** Whether this Node closes the network by itself. */
const NODE_CLOSES_NETWORK = closesNetwork(process.allowedNodeEnvironmentFlags);

interface Scene {
  readonly folder: string;
  readonly given: Given;
  /** Grants the folder `granted`, in which there is a link to the folder above. */
  readonly granted: { readonly read: Confinement; readonly write: Confinement };
}

async function scene(context: TestContext): Promise<Scene> {
  const folder = await temporaryFolder(context);
  for (const name of ["granted", "granted-not"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "file"), "text");
  }
  symlinkSync(folder, join(folder, "granted/up"));
  const [tcp, unix] = [createServer((socket) => socket.destroy()), createServer((socket) => socket.destroy())];
  tcp.listen(0, "127.0.0.1");
  unix.listen(join(folder, "socket"));
  await Promise.all([tcp, unix].map((server) => once(server, "listening")));
  context.after(() => [tcp, unix].forEach((server: Server) => server.close()));
  const { port } = tcp.address() as { readonly port: number };
  const given: Given = {
    read: ["/etc/passwd", join(folder, "granted-not/file"), `/proc/${process.pid}/environ`, "/root/.ssh/id_rsa"],
    list: ["/", folder, "/root", "/tmp"],
    write: [join(folder, "granted-not/taken"), join(folder, "taken")],
    through: [],
    port,
    socket: join(folder, "socket"),
    parent: process.pid,
  };
  const root = join(folder, "granted");
  return {
    folder,
    given,
    granted: {
      read: { ...NOTHING, read: [root] },
      write: { ...NOTHING, write: [root] },
    },
  };
}

function doneOf(attempts: Attempts): readonly string[] {
  return Object.keys(attempts).filter((name) => attempts[name]?.startsWith("done"));
}

/** What an escaped guest can do that harms nobody: it sees that its environment is empty, and its own number. */
const HARMLESS = ["environment", "pid"];

function assertDone(attempts: Attempts, expected: readonly string[]): void {
  const harmless = new Set([...HARMLESS, "environment of the process", "signal to its own parent", "list /"]);
  const done = doneOf(attempts).filter((name) => !harmless.has(name));
  assert.deepEqual(done.toSorted(), [...expected].toSorted(), JSON.stringify(attempts, undefined, 1));
  assert.match(attempts["environment"] ?? "", /^done (?:PWD)?$/);
}

test("the attack works at all: in a process without any flag it reaches everything", async (context) => {
  const { given } = await scene(context);
  const plan = await planEscape("main.ts", NOTHING, false);
  const entry = plan.arguments.at(-1) ?? "";
  const bare = { ...plan, program: process.execPath, arguments: [entry], workerFlags: [] };
  for (const where of ["main", "worker"] as const) {
    const done = doneOf(await escape(bare, where, given));
    for (const name of [
      "read /etc/passwd",
      `read /proc/${process.pid}/environ`,
      "list /root",
      `write ${given.write[0] ?? ""}`,
      "connect",
      "connect to a socket file",
      "datagram",
      "listen",
      "look up",
      "spawn",
      "spawn by a binding",
      "inspector session",
      "database",
      "thread",
      "thread without permissions",
      "signal to the parent",
    ]) {
      assert.ok(done.includes(name), `${name} in the ${where} thread`);
    }
  }
});

/** What works in a network in which nobody is, for a Node that cannot close it. */
const IN_EMPTY_NETWORK = ["datagram", "listen"];

const OPEN_NETWORK = ["connect", "connect to a socket file", "datagram", "listen", "look up"];

describe("an escaped guest, in the thread where guests run", () => {
  test("without bubblewrap: Node's flags keep it from files, programs and threads; it can send signals", async (context) => {
    const { given } = await scene(context);
    const attempts = await escape(await planEscape("main.ts", NOTHING, false), "worker", given);
    assertDone(attempts, ["signal to the parent", ...(NODE_CLOSES_NETWORK ? [] : OPEN_NETWORK)]);
    assert.equal(attempts["thread without permissions"], "ERR_ACCESS_DENIED");
    assert.equal(attempts["list /"], "ERR_ACCESS_DENIED");
  });

  test(
    "in bubblewrap: nothing at all",
    needing(["bubblewrap"], async (context) => {
      const { given } = await scene(context);
      const attempts = await escape(await planEscape("main.ts", NOTHING, true), "worker", given);
      assertDone(attempts, NODE_CLOSES_NETWORK ? [] : IN_EMPTY_NETWORK);
      assert.equal(attempts["signal to the parent"], "ESRCH");
    }),
  );
});

describe("hostile code in the main thread of a guest process, where no guest runs", () => {
  test("without bubblewrap: what Node refuses it by itself, it gets by a thread of its own", async (context) => {
    const { given } = await scene(context);
    const attempts = await escape(await planEscape("main.ts", NOTHING, false), "main", given);
    // The model does not extend to threads: this is what bubblewrap is for, and what docs/isolation.md says.
    assertDone(attempts, [
      "signal to the parent",
      "thread without permissions",
      ...(NODE_CLOSES_NETWORK ? [] : OPEN_NETWORK),
    ]);
  });

  test(
    "in bubblewrap: nothing, whatever threads it starts",
    needing(["bubblewrap"], async (context) => {
      const { given } = await scene(context);
      const attempts = await escape(await planEscape("main.ts", NOTHING, true), "main", given);
      assertDone(attempts, NODE_CLOSES_NETWORK ? [] : IN_EMPTY_NETWORK);
      assert.equal(attempts["thread without permissions"], "ENOENT");
    }),
  );
});

describe("the sandbox of the operating system alone", () => {
  test(
    "keeps hostile code that has all of Node from what is not granted",
    needing(["bubblewrap"], async (context) => {
      const { given, granted, folder } = await scene(context);
      const plan = await planEscape("main.ts", granted.read, true);
      const flagless = {
        ...plan,
        arguments: plan.arguments.filter((word) => !word.startsWith("--allow-") && word !== "--permission"),
      };
      const file = join(folder, "granted/file");
      const tried = { ...given, read: [...given.read, file], write: [...given.write, join(folder, "granted/taken")] };
      const attempts = await escape(flagless, "main", tried);
      const done = doneOf(attempts);
      assert.ok(done.includes(`read ${file}`));
      for (const path of given.read) assert.ok(!done.includes(`read ${path}`), path);
      assert.equal(attempts[`write ${join(folder, "granted/taken")}`], "EROFS");
      assert.equal(attempts["connect"], "ECONNREFUSED");
      assert.equal(attempts["signal to the parent"], "ESRCH");
      assert.equal(attempts["spawn"], "ENOENT");
      assert.ok(!given.write.some((path) => existsSync(path)));
    }),
  );
});

describe("a guest process with a granted folder", () => {
  for (const wrapped of [false, true]) {
    const how = wrapped ? "in bubblewrap" : "without bubblewrap";
    const needs = wrapped ? (["bubblewrap"] as const) : [];
    test(
      `${how}: reads there, and writes nowhere`,
      needing(needs, async (context) => {
        const { given, granted, folder } = await scene(context);
        const inside = join(folder, "granted/file");
        const attempts = await escape(await planEscape("main.ts", granted.read, wrapped), "worker", {
          ...given,
          read: [inside, ...given.read],
          write: [join(folder, "granted/new"), ...given.write],
          through: [[join(folder, "granted"), "file"]],
        });
        const done = doneOf(attempts);
        assert.ok(done.includes(`read ${inside}`) && done.includes("through file"), JSON.stringify(attempts));
        for (const path of given.read) assert.ok(!done.includes(`read ${path}`), path);
        assert.deepEqual(
          done.filter((name) => name.startsWith("write")),
          [],
        );
      }),
    );

    test(
      `${how}: writes there, and nowhere else`,
      needing(needs, async (context) => {
        const { given, granted, folder } = await scene(context);
        const inside = join(folder, "granted/new");
        const attempts = await escape(await planEscape("main.ts", granted.write, wrapped), "worker", {
          ...given,
          write: [inside, ...given.write],
        });
        assert.deepEqual(
          doneOf(attempts).filter((name) => name.startsWith("write")),
          [`write ${inside}`],
        );
        assert.ok(existsSync(inside));
      }),
    );
  }

  async function ledByLinks(context: TestContext, wrapped: boolean): Promise<{ names: string[]; led: string[] }> {
    const { given, granted, folder } = await scene(context);
    mkdirSync(join(folder, "7-beside"));
    writeFileSync(join(folder, "7-beside/file"), "text");
    const tried: Given = {
      ...given,
      read: [join(folder, "granted/up/granted-not/file")],
      through: [[join(folder, "granted"), "../7-beside/file"]],
    };
    const names = [`read ${tried.read[0] ?? ""}`, "through ../7-beside/file"];
    const done = doneOf(await escape(await planEscape("main.ts", granted.read, wrapped), "worker", tried));
    return { names, led: names.filter((name) => done.includes(name)) };
  }

  test("links lead out of it where only Node's flags hold", async (context) => {
    const { names, led } = await ledByLinks(context, false);
    assert.deepEqual(led, names, "docs/isolation.md says that this is open");
  });

  test(
    "links do not lead out of it in bubblewrap",
    needing(["bubblewrap"], async (context) => {
      assert.deepEqual((await ledByLinks(context, true)).led, []);
    }),
  );

  for (const wrapped of [false, true]) {
    const how = wrapped ? "in bubblewrap" : "without bubblewrap";
    const within = (name: string, body: (context: TestContext) => Promise<void>): void =>
      void test(name, needing(wrapped ? ["bubblewrap"] : [], body));
    within(`${how}: what is held leads to no folder above, and to none beside`, async (context) => {
      const { given, granted, folder } = await scene(context);
      const root = join(folder, "granted");
      const own = dirname(entryPath());
      const { read, write } = granted;
      for (const confinement of [read, write]) {
        const attempts = await escape(await planEscape("main.ts", confinement, wrapped), "worker", {
          ...given,
          read: [...given.read, join(root, "file")],
          through: [[root, "../granted-not/file"]],
          climb: [root, own],
        });
        const done = doneOf(attempts).filter((name) => /^(?:read|through|climb)/u.test(name));
        assert.deepEqual(done, [`read ${join(root, "file")}`], JSON.stringify(attempts));
      }
    });

    within(`${how}: a file that is granted by itself opens nothing else of its folder`, async (context) => {
      const { given, folder } = await scene(context);
      const root = join(folder, "granted");
      const [file, beside] = [join(root, "file"), join(root, "file-2")];
      writeFileSync(beside, "text");
      for (const [confinement, written] of [
        [{ ...NOTHING, read: [file] }, []],
        [{ ...NOTHING, write: [file] }, [`write ${file}`]],
      ] as const) {
        const attempts = await escape(await planEscape("main.ts", confinement, wrapped), "worker", {
          ...given,
          read: [file, beside, join(root, "up/granted-not/file"), ...given.read],
          write: [file, beside, join(root, "new"), ...given.write],
          list: [root, ...given.list],
          through: [
            [root, "file-2"],
            [file, "../file-2"],
          ],
          climb: [root],
        });
        const done = doneOf(attempts).filter((name) => /^(?:read|write|through|climb)/u.test(name));
        assert.deepEqual(done, [`read ${file}`, ...written], JSON.stringify(attempts));
        // In bubblewrap the folder is there, with that file in it and nothing else.
        assert.match(
          attempts[`list ${root}`] ?? "",
          wrapped ? /^done file$|^ERR_ACCESS_DENIED$/u : /^ERR_ACCESS_DENIED$/u,
        );
      }
    });
  }

  async function reopened(context: TestContext, wrapped: boolean, both: boolean): Promise<readonly string[]> {
    const { given, granted, folder } = await scene(context);
    const readable = join(folder, "granted-not/file");
    const tried: Given = { ...given, reopen: [readable] };
    const confinement = both ? { ...granted.write, read: [readable] } : { ...NOTHING, read: [readable] };
    const done = doneOf(await escape(await planEscape("main.ts", confinement, wrapped), "worker", tried));
    return done.filter((name) => name.startsWith("reopen")).map((name) => name.replace(readable, "it"));
  }

  test("what may be read may be written where only Node's flags hold and anything may be", async (context) => {
    assert.deepEqual(await reopened(context, false, false), []);
    assert.deepEqual(await reopened(context, false, true), ["reopen it"], "docs/isolation.md says that this is open");
  });

  test(
    "what may be read may not be written in bubblewrap",
    needing(["bubblewrap"], async (context) => {
      assert.deepEqual(await reopened(context, true, true), []);
    }),
  );
});

for (const wrapped of [false, true]) {
  test(
    `the network is there when it is granted, ${wrapped ? "in" : "without"} bubblewrap`,
    needing(wrapped ? ["bubblewrap"] : [], async (context) => {
      const { given } = await scene(context);
      const plan = await planEscape("main.ts", { ...NOTHING, network: true }, wrapped);
      const done = doneOf(await escape(plan, "worker", given));
      for (const name of ["connect", "look up", "listen"]) assert.ok(done.includes(name), name);
      assert.equal(done.includes("connect to a socket file"), !wrapped);
      assert.ok(!done.some((name) => name.startsWith("read")));
    }),
  );
}
