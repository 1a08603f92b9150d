import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { chmod, mkdir, open, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { test, type TestContext as NodeTest } from "node:test";
import type { ProcessGrant } from "../../src/policy/grants.ts";
import { temporaryFolder } from "../support/guests.ts";
import { commands, processGuest, stdoutOf } from "../support/process-guest.ts";
import { needing } from "../support/needs.ts";

/** What a guest may try with `cordon:process/run`. Each case was seen to fail with the part it is about taken out. */

const NODE = realpathSync(process.execPath);
const GRANT = commands({ node: NODE });
/** Where a case fails because something is not killed, it waits for that; this bounds the wait. */
const TIMEOUT = 60_000;

test("without the grant every command is denied alike, and nobody is asked", async () => {
  const { run, context } = processGuest({ kind: "none" });
  for (const command of [NODE, "/nowhere/at/all", "node", "", "\0", "x".repeat(1_000_000)]) {
    assert.deepEqual(await run(command, ["\0"]), { tag: "err", val: { tag: "denied" } });
  }
  assert.deepEqual(
    new Set(context.observations.map(({ eventType, result }) => `${eventType} ${result}`)),
    new Set(["ProcessStart Denied"]),
  );
  assert.equal(context.observations.length, 6);
});

test("the embedder's side decides for itself", async () => {
  const { run, context } = processGuest({ kind: "full" }, {}, { kind: "none" });
  assert.deepEqual(await run(NODE, ["--version"]), { tag: "err", val: { tag: "denied" } });
  assert.partialDeepStrictEqual(context.observations, [{ eventType: "ProcessStart", result: "Denied" }]);
});

test("what a shell would read into arguments is passed as it is", async () => {
  const { run } = processGuest(GRANT);
  const hostile = [
    "; touch /tmp/owned",
    "$(id)",
    "`id`",
    "| cat",
    "&& ls",
    "> f",
    "*",
    "~",
    "$HOME",
    "a\nb",
    "'",
    '"',
    "\\",
    "",
  ];
  const printed = stdoutOf(await run("node", ["-p", "JSON.stringify(process.argv.slice(1))", "--", ...hostile]));
  assert.deepEqual(JSON.parse(printed), hostile);
  for (const command of ["node;id", "node -v", `${NODE} -v`, `'${NODE}'`, "$(node)"]) {
    assert.deepEqual(await run(command), { tag: "err", val: { tag: "denied" } });
  }
});

test("no command is looked for: not on a PATH, not in a folder, however much is granted", async () => {
  for (const grant of [{ kind: "full" } as const, commands({ [NODE]: NODE })]) {
    const { run } = processGuest(grant);
    for (const command of ["node", "./node", "bin/node", "../../../../../../bin/sh", "sh"]) {
      assert.deepEqual(await run(command), { tag: "err", val: { tag: "denied" } }, command);
    }
  }
  const { run } = processGuest({ kind: "full" });
  assert.equal(stdoutOf(await run(NODE, ["--version"])), `${process.version}\n`);
  assert.deepEqual(await run("/nowhere/at/all"), { tag: "err", val: { tag: "not-found" } });
});

test(
  "nothing of the host's environment, folder or arguments is inherited",
  { timeout: TIMEOUT },
  needing(["posix"], async (context) => {
    const before = { ...process.env };
    // Node hands this one on to every program, unless it is kept from it.
    Object.assign(process.env, {
      CORDON_TEST_SECRET: "s3cret",
      NODE_V8_COVERAGE: "/tmp/nowhere",
      NODE_OPTIONS: "--no-warnings",
    });
    context.after(() => {
      for (const name of ["CORDON_TEST_SECRET", "NODE_V8_COVERAGE", "NODE_OPTIONS"]) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[name];
      }
    });
    const { run } = processGuest(GRANT);
    const seen = JSON.parse(
      stdoutOf(await run("node", ["-p", "JSON.stringify([process.env, process.cwd(), process.execArgv.length])"])),
    ) as [Record<string, string>, string, number];
    // macOS gives one to every program.
    Reflect.deleteProperty(seen[0], "__CF_USER_TEXT_ENCODING");
    assert.deepEqual(seen, [{}, "/", 2]);
  }),
);

test(
  "a program of many names runs as the one that was granted",
  { timeout: TIMEOUT },
  needing(["posix"], async () => {
    const { run } = processGuest(commands({ "ls-of-busybox": NODE }));
    for (const command of ["ls-of-busybox", NODE]) {
      assert.equal(stdoutOf(await run(command, ["-p", "process.argv0"])), "ls-of-busybox\n");
    }
  }),
);

test(
  "a program has three open files, a session of its own, and no more, whatever the host has",
  { timeout: TIMEOUT },
  needing(["linux"], async (context) => {
    const folder = await temporaryFolder(context);
    await writeFile(join(folder, "secret"), "secret");
    await using secret = await open(join(folder, "secret"));
    // The host of this test is started with a fourth open file, which programs of a careless host would inherit.
    const support = new URL("../support/process-guest.ts", import.meta.url).href;
    const script = `
    const { commands, processGuest, stdoutOf } = await import(${JSON.stringify(support)});
    const { run } = processGuest(commands({ node: ${JSON.stringify(NODE)} }));
    const look = 'const fs = require("fs"); const own = fs.readFileSync("/proc/self/stat", "utf8").split(" ");' +
      'const files = fs.readdirSync("/proc/self/fd").flatMap((fd) => { try { return [fs.readlinkSync("/proc/self/fd/" + fd)] } catch { return [] } });' +
      'console.log(JSON.stringify({ files, alone: own[0] === own[4] && own[0] === own[5], terminal: own[6] }))';
    process.stdout.write(stdoutOf(await run("node", ["-e", look])));`;
    const host = spawn(NODE, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit", secret.fd],
    });
    const chunks = (await host.stdout?.toArray()) as Buffer[];
    const seen = JSON.parse(Buffer.concat(chunks).toString()) as { files: string[]; alone: boolean; terminal: string };
    assert.deepEqual(
      seen.files.filter((file) => file.includes(folder)),
      [],
    );
    assert.equal(seen.alone, true, "it leads a session and a group");
    assert.equal(seen.terminal, "0", "it has no terminal");
  }),
);

test("NUL in a command or an argument is refused before anything starts", async () => {
  const { run, context } = processGuest({ kind: "full" });
  assert.deepEqual(await run(NODE, ["-p", "1\0"]), {
    tag: "err",
    val: { tag: "failed", val: "argument 2 has a NUL character" },
  });
  assert.equal((await run(`${NODE}\0.txt`)).tag, "err");
  assert.deepEqual(
    context.observations.map(({ result }) => result),
    ["Denied", "Denied"],
  );
});

test(
  "one invocation runs four programs at once, and no fifth",
  { timeout: TIMEOUT },
  needing(["posix"], async () => {
    const { run, context } = processGuest(commands({ sleep: await realpath("/bin/sleep") }));
    const four = Array.from({ length: 4 }, () => run("sleep", ["1000"]));
    assert.deepEqual(await run("sleep", ["0"]), { tag: "err", val: { tag: "failed", val: "4 programs run already" } });
    context.abort();
    for (const ended of await Promise.all(four)) assert.equal(ended.tag, "err");
  }),
);

test(
  "all invocations together run 32 programs at once; others wait for one to end",
  { timeout: TIMEOUT },
  needing(["posix"], async () => {
    const grant = commands({ sleep: await realpath("/bin/sleep") });
    let started = 0;
    let wanted = 32;
    let reached = Promise.withResolvers<void>();
    const guests = Array.from({ length: 40 }, () => {
      const guest = processGuest(grant);
      guest.context.observations.push = (observation) => {
        if (observation.result === "Allowed") started += 1;
        if (started === wanted) reached.resolve();
        return started;
      };
      return { context: guest.context, ended: guest.run("sleep", ["1000"]) };
    });
    await reached.promise;
    assert.equal(started, 32);
    reached = Promise.withResolvers();
    wanted = 33;
    guests[0]?.context.abort();
    await reached.promise;
    await guests[0]?.ended;
    assert.equal(started, 33);
    for (const { context } of guests) context.abort();
    await Promise.all(guests.map(({ ended }) => ended));
  }),
);

test(
  "endless output ends the program at its bound, on both streams",
  { timeout: TIMEOUT },
  needing(["posix"], async () => {
    for (const stream of ["stdout", "stderr"]) {
      const { run, context } = processGuest(GRANT);
      const flood = `const more = () => process.${stream}.write("x".repeat(65536), more); more()`;
      assert.deepEqual(await run("node", ["-e", flood]), { tag: "err", val: { tag: "output-too-large" } });
      assert.deepEqual(
        context.observations.map(({ eventType, result }) => `${eventType} ${result}`),
        ["ProcessStart Allowed", "PolicyViolation Denied"],
      );
    }
  }),
);

/** A program that starts another, and then does `leader`. Both hold a connection to the server for as long as they live. */
function family(server: Server, leader: string): readonly string[] {
  const { port } = server.address() as { readonly port: number };
  const hold = `require("net").connect(${port}, "127.0.0.1").on("error", () => process.exit())`;
  return [
    "-e",
    `const child = require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(hold)}], { stdio: "ignore" });
     child.unref();
     ${hold}; ${leader}`,
  ];
}

async function listening(context: NodeTest): Promise<Server> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  return server;
}

async function twoConnections(server: Server): Promise<readonly Socket[]> {
  const [first] = (await once(server, "connection")) as [Socket];
  const [second] = (await once(server, "connection")) as [Socket];
  return [first, second];
}

/** Resolves when the process at the other end of each is gone. */
async function gone(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      socket.on("error", () => undefined).resume();
      if (!socket.closed) await once(socket, "close");
    }),
  );
}

test(
  "the end of the invocation kills the program with its children, though it ignores signals",
  { timeout: TIMEOUT },
  needing(["posix"], async (context) => {
    const server = await listening(context);
    const guest = processGuest(GRANT);
    const stubborn = `for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(name, () => {});`;
    const ended = guest.run("node", family(server, stubborn));
    const sockets = await twoConnections(server);
    guest.context.abort();
    assert.deepEqual(await ended, { tag: "err", val: { tag: "failed", val: "the invocation has ended" } });
    await gone(sockets);
  }),
);

test("a program that is out of time is killed, and no guest gives it more than the invocation has", async () => {
  const endless = ["-e", "setInterval(() => {}, 1000)"];
  const { run } = processGuest(GRANT);
  assert.deepEqual(await run("node", endless, { timeoutMs: 0 }), { tag: "err", val: { tag: "timed-out" } });
  const short = processGuest(GRANT, { timeoutMs: 1 });
  const longest = { timeoutMs: 2 ** 32 - 1 };
  assert.deepEqual(await short.run("node", endless, longest), { tag: "err", val: { tag: "timed-out" } });
  // Timers that are asked for more than 31 bits go off at once.
  const long = processGuest(GRANT, { timeoutMs: Number.MAX_SAFE_INTEGER });
  assert.equal(stdoutOf(await long.run("node", ["-p", "1"], longest)), "1\n");
});

test(
  "what a program leaves running is killed when it exits",
  { timeout: TIMEOUT },
  needing(["posix"], async (context) => {
    const server = await listening(context);
    const { run } = processGuest(GRANT);
    const sockets = twoConnections(server);
    // It exits once its child runs, which it knows by the line that the server sends it.
    server.on("connection", () => {
      server.getConnections((_error, count) => {
        if (count === 2) void sockets.then((both) => both.forEach((socket) => socket.write("go")));
      });
    });
    const { port } = server.address() as { readonly port: number };
    const leader = `require("net").connect(${port}, "127.0.0.1").once("data", () => process.exit(3))`;
    const [flag = "", text = ""] = family(server, "");
    const result = await run("node", [flag, `${text.slice(0, text.lastIndexOf("require"))}${leader}`]);
    assert.partialDeepStrictEqual(result, { tag: "ok", val: { status: { tag: "code", val: 3 } } });
    await gone(await sockets);
  }),
);

test(
  "programs do not outlive the host, when it exits with a program running",
  { timeout: TIMEOUT },
  needing(["posix"], async (context) => {
    const server = await listening(context);
    const support = new URL("../support/process-guest.ts", import.meta.url).href;
    const script = `
    const { commands, processGuest } = await import(${JSON.stringify(support)});
    const { run } = processGuest(commands({ node: ${JSON.stringify(NODE)} }));
    void run("node", ${JSON.stringify(family(server, "setInterval(() => {}, 1000)"))});
    process.stdin.once("data", () => process.exit(0));`;
    const host = spawn(NODE, ["--input-type=module", "--eval", script], { stdio: ["pipe", "inherit", "inherit"] });
    const sockets = await twoConnections(server);
    host.stdin.write("exit\n");
    await gone(sockets);
  }),
);

test(
  "a path that leads elsewhere than when it was granted is not followed",
  { timeout: TIMEOUT },
  needing(["posix"], async (context) => {
    const folder = await realpath(await temporaryFolder(context));
    const tool = join(folder, "bin", "tool");
    const program = async (path: string, says: string): Promise<void> => {
      await writeFile(path, `#!/bin/sh\necho ${says}\n`);
      await chmod(path, 0o755);
    };
    await mkdir(join(folder, "bin"));
    await mkdir(join(folder, "evil"));
    await program(tool, "good");
    await program(join(folder, "evil", "tool"), "evil");
    const grant: ProcessGrant = commands({ tool });
    const denied = { tag: "err", val: { tag: "denied" } };
    const { run, context: host } = processGuest(grant);
    assert.equal(stdoutOf(await run("tool")), "good\n");

    await rename(tool, join(folder, "bin", "away"));
    assert.deepEqual(await run("tool"), { tag: "err", val: { tag: "not-found" } });
    await symlink(join(folder, "evil", "tool"), tool);
    assert.deepEqual(await run("tool"), denied);
    assert.deepEqual(await run(tool), denied);
    await rm(tool);
    await symlink(tool, tool);
    assert.deepEqual(await run("tool"), denied);

    // The same with a folder above it.
    await rm(tool);
    await rename(join(folder, "bin"), join(folder, "old"));
    await symlink(join(folder, "evil"), join(folder, "bin"));
    assert.deepEqual(await run("tool"), denied);
    assert.equal(host.observations.at(-1)?.reason, "its path leads elsewhere than when it was granted");
  }),
);

test(
  "what is no program is not started, and says why in one line",
  { timeout: TIMEOUT },
  needing(["posix"], async (context) => {
    const folder = await realpath(await temporaryFolder(context));
    const { run } = processGuest({ kind: "full" });
    assert.deepEqual(await run(folder), { tag: "err", val: { tag: "failed", val: "it is no regular file" } });
    assert.deepEqual(await run("/dev/null"), { tag: "err", val: { tag: "failed", val: "it is no regular file" } });
    // The C library would have a shell run these.
    for (const text of ["echo owned\n", "", "#!\necho owned\n", "#! \t\necho owned\n", "\u007fEL", "MZ"]) {
      const path = join(folder, "text");
      await writeFile(path, text);
      await chmod(path, 0o755);
      const result = await run(path);
      assert.deepEqual(
        result,
        { tag: "err", val: { tag: "failed", val: "it is no program that the system can run" } },
        text,
      );
      await chmod(path, 0o644);
      assert.equal((await run(path)).tag, "err");
    }
    const lost = join(folder, "lost");
    await writeFile(lost, "#!/nowhere/interpreter\n");
    await chmod(lost, 0o755);
    assert.deepEqual(await run(lost), { tag: "err", val: { tag: "failed", val: "it cannot be started (ENOENT)" } });
  }),
);
