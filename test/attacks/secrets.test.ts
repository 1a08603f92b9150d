import assert from "node:assert/strict";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { link, symlink, writeFile } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { basename, join } from "node:path";
import { test } from "node:test";
import { serve } from "../../src/host/http/exchange-harness.test.ts";
import { filesystemRead } from "../../src/host/filesystem/skills/skill-binding.ts";
import { Sandbox } from "../../src/sandbox/index.ts";
import { readSandboxOptions } from "../../src/sandbox/options/sandbox-options.ts";
import { SecretStore } from "../../src/secrets/secret-store.ts";
import { newIdentity } from "../../src/secrets/age.ts";
import { type CliResult, cordon } from "../support/cli.ts";
import { failsWith } from "../support/errors.ts";
import { Guest } from "../support/filesystem.ts";
import { TEST_CACHE, temporaryFolder, testGuest, wasiProbe } from "../support/guests.ts";
import { callHost, hostContext } from "../support/host-context.ts";
import { Probe } from "../support/probe.ts";

/**
 * Where the value of a secret may come to stand, and what a guest may try to see it. Each case was seen to fail once with the weakening
 * that its comment names.
 */

const CANARY = "canary-7Gq9-do-not-tell-anyone-0xC0FFEE";

/** What stands for a text wherever it was encoded: as it is, in hexadecimal, and in base64 at each of the three alignments. */
function spellingsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].flatMap((shift) => {
    const whole = bytes.subarray(shift, bytes.length - ((bytes.length - shift) % 3));
    return [whole.toString("base64"), whole.toString("base64url")];
  });
  const hex = bytes.toString("hex");
  return [secret, encodeURIComponent(secret), ...base64, hex, hex.toUpperCase()];
}

function assertAbsent(secret: string, text: string, where: string): void {
  for (const spelling of spellingsOf(secret)) assert.ok(!text.includes(spelling), `${where} has it, as ${spelling}`);
}

/** The argument lists and environments of all processes that came of this one. */
function descendants(): readonly { readonly pid: string; readonly told: string }[] {
  const parents = new Map(
    (existsSync("/proc/self/stat") ? readdirSync("/proc") : [])
      .filter((name) => /^\d+$/u.test(name))
      .flatMap((pid) => {
        try {
          return [
            [
              pid,
              readFileSync(`/proc/${pid}/stat`, "utf8")
                .replace(/^.*\) \S+ /su, "")
                .split(" ")[0] ?? "",
            ] as const,
          ];
        } catch {
          return [];
        }
      }),
  );
  const isOurs = (pid: string): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === String(process.pid) || isOurs(parent));
  };
  return [...parents.keys()].filter(isOurs).map((pid) => {
    const read = (file: string): string => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, "latin1");
      } catch {
        return "";
      }
    };
    return { pid, told: `${read("cmdline")}\n${read("environ")}` };
  });
}

// Weakening, each alone: the value stands in the message of what cannot be a header; the arguments of --secret in that of what cannot be
// read; CORDON_SECRETS_KEY is passed with --inherit-env, and to the key command.
test("no value of a secret, nor what opens it, is printed, recorded, kept or told to another process", async (context) => {
  const folder = await temporaryFolder(context);
  const guest = await testGuest();
  const component = basename(guest, ".wasm");
  const identity = await newIdentity();
  const seen: IncomingHttpHeaders[] = [];
  const processes: { readonly pid: string; readonly told: string }[] = [];
  const port = await serve((request, response) => {
    seen.push(request.headers);
    processes.push(...descendants());
    if (request.url === "/moved") response.writeHead(302, { location: `http://localhost:${port}/other` }).end();
    else if (request.url === "/broken") request.socket.destroy();
    else response.end("well");
  });
  const host = `http://127.0.0.1:${port}`;
  const outputs: string[] = [];
  const run = async (words: readonly string[], stdin?: string): Promise<CliResult> => {
    const environment = {
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_CACHE_HOME: join(folder, "cache"),
      CORDON_SECRETS_KEY: identity,
    };
    const result = await cordon(words, { environment, cwd: folder, ...(stdin === undefined ? {} : { stdin }) });
    outputs.push(result.stdout, result.stderr);
    return result;
  };
  const set = ["secret", "set", "TOKEN", "--component", component, "--stdin", "--json"];
  assert.equal((await run(set, `${CANARY}\n`)).code, 0);
  assert.equal((await run(["secret", "set", "LINES", "--component", component, "--stdin"], `a\n${CANARY}`)).code, 0);
  assert.match((await run(["secret", "list"])).stdout, /TOKEN/);
  const flags = ["--secret", `TOKEN=authorization@${host}`, "--audit", "audit.jsonl", "--usage", "--inherit-env"];
  flags.push(`--allow-network=127.0.0.1:${port}`, `--allow-network=localhost:${port}`);
  for (const path of ["/", "/moved", "/broken"]) {
    await run([
      "run",
      "--json",
      "--isolation",
      path === "/" ? "process" : "thread",
      ...flags,
      guest,
      "get",
      `${host}${path}`,
    ]);
  }
  assert.deepEqual(
    seen.map(({ host: name, authorization }) => `${name} ${authorization ?? "-"}`),
    [
      `127.0.0.1:${port} ${CANARY}`,
      `127.0.0.1:${port} ${CANARY}`,
      `localhost:${port} -`,
      `127.0.0.1:${port} ${CANARY}`,
    ],
  );
  const refusals: readonly (readonly [RegExp, readonly string[]])[] = [
    [/its value is not one line of visible ASCII/, ["--secret", `LINES=x@${host}`]],
    [/write KEY=HEADER@HOST/, ["--secret", CANARY]],
    [/it is for another identity/, ["--secret", `TOKEN=x@${host}`, "--key-command", "cat other-key"]],
    [/it begins with AGE-SECRET-KEY-1/, ["--secret", `TOKEN=x@${host}`, "--key-command", "env"]],
  ];
  await writeFile(join(folder, "other-key"), await newIdentity(), { mode: 0o600 });
  for (const [message, words] of refusals) {
    const { code, stderr } = await run(["run", ...words, guest, "add", "1", "2"]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
  assert.equal((await run(["secret", "delete", "LINES", "--component", component])).code, 0);
  assert.equal((await run(["run", "--secret", `LINES=x@${host}`, guest, "add", "1", "2"])).code, 2);

  for (const output of outputs) {
    assertAbsent(CANARY, output, "an output");
    assertAbsent(identity, output, "an output");
  }
  const files = globSync("**/*", { cwd: folder, withFileTypes: true }).filter((one) => one.isFile());
  assert.ok(files.some(({ name }) => name === "audit.jsonl") && files.some(({ name }) => name.endsWith(".age")));
  for (const { parentPath, name } of files) {
    const text = readFileSync(join(parentPath, name), "latin1");
    assertAbsent(CANARY, text, name);
    assertAbsent(identity, text, name);
  }
  for (const { pid, told } of processes) assertAbsent(CANARY, told, `the process ${pid}`);
  // The command itself was given the identity; nothing that it starts is.
  const given = new Set(processes.filter(({ told }) => told.includes(identity)).map(({ pid }) => pid));
  const all = new Set(processes.map(({ pid }) => pid));
  if (all.size > 0) assert.ok(given.size === 3 && all.size > 3, `${given.size} of ${all.size} processes have it`);
});

// Weakening: the field is put into the request's own fields; those of the guest stay beside it.
test("a guest neither sees the value in its own request nor sets the header in its place", async (context) => {
  const directory = await temporaryFolder(context);
  await new SecretStore(directory).set({ component: "probe", key: "TOKEN" }, CANARY, "plain");
  const seen: (readonly string[])[] = [];
  const port = await serve((request, response) => {
    seen.push(request.rawHeaders);
    if (request.method === "TRACE") response.end(request.rawHeaders.join());
    else response.writeHead(302, { location: "/again" }).end();
  });
  const sandbox = await Sandbox.open(await wasiProbe(), {
    cache: TEST_CACHE,
    name: "probe",
    grants: { network: { allow: [`http://127.0.0.1:${port}`] } },
    secrets: [{ key: "TOKEN", host: `127.0.0.1:${port}`, header: "X-Token" }],
    secretStore: { directory },
  });
  await using guest = new Probe(sandbox, []);
  const answers = await guest.run(
    ({ fetch }, given) => [
      fetch({ authority: given.authority, headers: [["x-TOKEN", "mine"]] }),
      fetch({ authority: given.authority, method: { tag: "trace" } }),
    ],
    { authority: `127.0.0.1:${port}` },
  );
  assertAbsent(CANARY, JSON.stringify(answers), "what the guest sees");
  const tokens = seen.map((raw) => raw.flatMap((name, at) => (/^x-token$/iu.test(name) ? [raw[at + 1]] : [])));
  assert.deepEqual(tokens, [[CANARY], []]);
});

test("a component gets the secrets of its own name alone, and none without being opened for it", async (context) => {
  const directory = await temporaryFolder(context);
  await new SecretStore(directory).set({ component: "tool", key: "TOKEN" }, CANARY, "plain");
  const secrets = [{ key: "TOKEN", host: "api.example.com", header: "authorization" }];
  const open = (name: string, more: object = {}): Promise<Sandbox> =>
    testGuest().then((guest) =>
      Sandbox.open(guest, { cache: TEST_CACHE, name, secrets, secretStore: { directory }, ...more }),
    );
  for (const name of ["tools", "Tool", "tool/", "../tool", "tool\0"]) {
    await failsWith("usage", /there is none of that name|Cannot keep secrets for the component/, open(name));
  }
  await using sandbox = await open("tool");
  assert.equal((await sandbox.call("add", [1, 2])).value, 3);
  await failsWith("policy", /expected a list of at most 100 objects/, open("tool", { secrets: "TOKEN" }));
  await failsWith("policy", /unknown key "value"/, open("tool", { secrets: [{ ...secrets[0], value: "x" }] }));
  await failsWith("usage", /option secretStore.keyCommand/, open("tool", { secretStore: { keyCommand: "cat key" } }));
});

// Weakening, each alone: `checkNotHidden` refuses nothing; the paths of skills have nothing left out of reading.
test("no grant covers the folder of keys and secrets, by whatever name or link, there or made later", async (context) => {
  const folder = await temporaryFolder(context);
  const store = join(folder, "config/store");
  await new SecretStore(store).set({ component: "probe", key: "TOKEN" }, CANARY, "plain");
  await symlink("config/store", join(folder, "link"));
  const file = "probe/+t+o+k+e+n.plain";
  const options = { cache: TEST_CACHE, name: "probe", secretStore: { directory: store } };
  const opened = await Sandbox.open(await wasiProbe(), {
    ...options,
    grants: { filesystem: { preopens: [{ host: folder, guest: "/", write: true, create: true, delete: true }] } },
  });
  await using guest = new Probe(opened, []);
  const tried = await guest.run(
    ({ folders, read, open, everyWay }, paths) => {
      const [base] = folders();
      return [
        ...paths.map((path) => read(base, path)),
        open(base, "config/store", "rd"),
        ...everyWay(base, paths[0] ?? ""),
      ];
    },
    [`config/store/${file}`, `link/${file}`, "config/../config/store/probe/none"],
  );
  // No entry: what is to be renamed there is not.
  assert.deepEqual(new Set(tried), new Set(["!not-permitted", "!no-entry"]));
  assert.deepEqual(
    tried.slice(0, 4),
    Array.from({ length: 4 }, () => "!not-permitted"),
  );
  assert.equal(
    await guest.run(({ folders, call }) => {
      const [base] = folders();
      return call(base, "renameAt", "config", base, "taken");
    }),
    "!read-only",
  );
  assertAbsent(CANARY, JSON.stringify(tried), "what the guest sees");

  const skill = await Sandbox.open(await testGuest(), {
    ...options,
    grants: { filesystem: { read: [folder], write: [folder] } },
  });
  await using reader = skill;
  for (const path of [`config/store/${file}`, `link/${file}`]) {
    await failsWith("guest-error", /Permission denied/, reader.call("read", [join(folder, path)]));
    await failsWith("guest-error", /Permission denied/, reader.call("write", [join(folder, path), "x"]));
  }
  for (const host of [store, join(store, "probe"), join(folder, "link")]) {
    const grants = { filesystem: { preopens: [host] } };
    await failsWith(
      "policy",
      /Cordon keeps keys and secrets there/,
      Sandbox.open(await testGuest(), { ...options, grants }),
    );
  }
  const environment = { XDG_CONFIG_HOME: join(folder, "config") };
  assert.equal((await cordon(["secret", "keygen"], { environment })).code, 0);
  const target = join(folder, "config/cordon/trust/evil.json");
  const words = ["run", `--allow-fs-write=${folder}`, await testGuest(), "write", target, "x"];
  assert.equal((await cordon(words, { environment })).code, 3);
  assert.ok(!existsSync(target));
});

// Weakening: the file is none of Cordon's own paths.
test("no grant covers the file of the identity, under whatever name", async (context) => {
  const folder = await temporaryFolder(context);
  const keyFile = join(folder, "identity.txt");
  await writeFile(keyFile, `${await newIdentity()}\n`, { mode: 0o600 });
  await writeFile(join(folder, "other.txt"), "other");
  await link(keyFile, join(folder, "alias.txt"));
  await symlink("identity.txt", join(folder, "link.txt"));
  const { grants } = readSandboxOptions("test", {
    secretStore: { keyFile },
    grants: { filesystem: { read: [folder], preopens: [folder] } },
  });
  using guest = new Guest(grants.preopens);
  const read = async (name: string): Promise<string> => {
    const { val } = await callHost(filesystemRead, "read-file", hostContext({ grants }), join(folder, name));
    return String(val);
  };
  for (const name of ["identity.txt", "alias.txt", "link.txt"]) {
    assert.equal(await guest.text(name), "!not-permitted", name);
    assert.match(await read(name), /^Permission denied/u, name);
  }
  assert.deepEqual([await guest.text("other.txt"), await read("other.txt")], ["other", "other"]);
});

// Weakening: where a guest may listen says nothing of its secrets.
test("no guest has a secret that it could listen for itself", async () => {
  const guest = await testGuest();
  const open = (host: string, listen: string): Promise<Sandbox> =>
    Sandbox.open(guest, {
      cache: TEST_CACHE,
      grants: { listen: [listen], network: { allow: ["loopback:*"] } },
      secrets: [{ key: "TOKEN", host, header: "authorization" }],
    });
  for (const [host, listen] of [
    ["127.0.0.1:8080", "127.0.0.1:8080"],
    ["localhost:8080", "tcp://any:8000-9000"],
    ["http://api.example.com", "0.0.0.0:*"],
    ["http://[::1]:8080", "tcp://[::1]:8080"],
  ] as const) {
    await failsWith("policy", /on a port that the guest may listen on/u, open(host, listen));
  }
  // What it cannot hear is refused for nothing but that there is no such secret.
  for (const [host, listen] of [
    ["https://127.0.0.1:8080", "127.0.0.1:8080"],
    ["127.0.0.1:8080", "udp://127.0.0.1:8080"],
    ["127.0.0.1:8080", "127.0.0.1:8081"],
  ] as const) {
    await assert.rejects(open(host, listen), (error: Error) => !/may listen on/u.test(error.message));
  }
});
