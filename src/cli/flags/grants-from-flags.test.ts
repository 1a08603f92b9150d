import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Command } from "commander";
import type { GrantsInput } from "../../policy/parsing/parse-grants.ts";
import { expandBareGrants } from "./grant-options.ts";
import { grantsFromFlags, writableFolders } from "./grants-from-flags.ts";
import { addRunOptions, type RunFlags, sandboxOptions } from "./run-options.ts";
import { needing } from "../../../test/support/needs.ts";

let folder = "";
before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "cordon-flags-")));
});
after(() => rmSync(folder, { recursive: true }));

/** The flags as the command line parses them. */
function parsed(...words: readonly string[]): RunFlags {
  const command = addRunOptions(new Command("run")).argument("[args...]").exitOverride();
  command.configureOutput({ writeErr: () => undefined });
  return command.parse(expandBareGrants(words), { from: "user" }).opts<RunFlags>();
}

/** What a part of the grants says beyond what every command line does. */
function given(part: object): object {
  return Object.fromEntries(
    Object.entries(part).filter(([, value]) => value !== false && !(Array.isArray(value) && value.length === 0)),
  );
}

/** The grants that the words ask for, without the parts that are always there. */
function asked(...words: readonly string[]): GrantsInput {
  const { filesystem, network, ...rest } = grantsFromFlags(parsed(...words));
  assert.ok(typeof network === "object");
  const files = given(filesystem ?? {});
  const hosts = given(network);
  return {
    ...(Object.keys(files).length > 0 ? { filesystem: files } : {}),
    ...(Object.keys(hosts).length > 0 ? { network: hosts } : {}),
    ...rest,
  };
}

function refused(message: RegExp, ...words: readonly string[]): void {
  assert.throws(
    () => sandboxOptions(parsed(...words)),
    (error: unknown) => {
      assert.ok(error instanceof Error && "code" in error && error.code === "usage", String(error));
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    },
  );
}

for (const [words, grants] of [
  [[], {}],
  [["--dir", "a", "--dir=b::/:rw"], { filesystem: { preopens: ["a", "b::/:rw"] } }],
  [
    ["--dir", "a:rw", "--allow-create", "--allow-delete", "--max-file-size", "1MiB"],
    { filesystem: { preopens: ["a:rw"], create: true, delete: true, maxFileBytes: 1024 * 1024 } },
  ],
  [
    ["--allow-net", "https://a.b", "--allow-net=tcp://c:1", "--deny-net", "d.b", "--allow-network", "x.wasm"],
    { network: { public: true, allow: ["https://a.b", "tcp://c:1"], deny: ["d.b"] } },
  ],
  [["--allow-listen", "127.0.0.1:80"], { listen: ["127.0.0.1:80"] }],
  [["--allow-dns", "x.wasm"], { lookup: ["*"] }],
  [["--allow-dns=a.b", "--allow-dns=*.c"], { lookup: ["a.b", "*.c"] }],
  [["--env", "A=1", "--env=B=x=y", "--env", "C="], { environment: { set: { A: "1", B: "x=y", C: "" } } }],
  [["--env", "A=1", "--env", "A=2"], { environment: { set: { A: "2" } } }],
  [["--inherit-env=PATH", "--inherit-env=HOME"], { environment: { set: {}, allow: ["PATH", "HOME"] } }],
  [["--inherit-env", "x.wasm", "--env", "A=1"], { environment: { set: { A: "1" }, allow: "all" } }],
  [["--stdin"], { stdin: true }],
  [["--allow-process", "x.wasm"], { process: "full" }],
  [["--allow-process=git", "--allow-process=/bin/ls"], { process: ["git", "/bin/ls"] }],
  [["--clock"], { clocks: { kind: "read" } }],
  [["--clock", "--clock-resolution", "100ns"], { clocks: { kind: "read", resolutionNs: 100 } }],
  [["--clock-resolution=1s"], { clocks: { kind: "none", resolutionNs: 1e9 } }],
  [["--clock-jitter", "50us"], { clocks: { kind: "none", jitterNs: 50_000 } }],
  [["--random", "none"], { random: "none" }],
  [["--random=full"], { random: "full" }],
  [["--random=pseudo:18446744073709551615"], { random: { seed: 2n ** 64n - 1n } }],
  [
    [
      "--grant",
      "a=true",
      "--grant=b=-1..2.5",
      "--grant",
      "c=[x,y]",
      "--grant",
      "d=x=y",
      "--grant",
      "e=[]",
      "--grant",
      "f=",
    ],
    { custom: { a: true, b: { minimum: -1, maximum: 2.5 }, c: ["x", "y"], d: "x=y", e: [], f: "" } },
  ],
] as const) {
  test(`${words.join(" ") || "no flags"} ask for what they say`, () => {
    assert.deepEqual(asked(...words), grants);
  });
}

test("flags that cannot be read say what to write", () => {
  refused(
    /^Cannot read --env "PATH": it has no value; nothing is inherited; write --env PATH=VALUE, or --inherit-env=PATH$/,
    "--env",
    "PATH",
  );
  refused(/--env "=x": it has no name/, "--env", "=x");
  refused(/--grant "x": it has no value; write --grant NAME=VALUE/, "--grant", "x");
  for (const random of ["yes", "pseudo:", "pseudo:-1", "pseudo:18446744073709551616", "pseudo:0x1", "FULL"]) {
    refused(/--random=.*it takes none, pseudo, pseudo:SEED/, `--random=${random}`);
  }
  refused(/--clock-resolution="0ns".*from 1 to/, "--clock-resolution", "0ns");
  refused(/--clock-resolution="1h"/, "--clock-resolution", "1h");
  refused(/--max-file-size="big"/, "--max-file-size", "big");
});

test("variables come from files, which the command line goes before", () => {
  const file = join(folder, "some.env");
  writeFileSync(file, '# comment\nA=1\nB="two words"\nexport C=3\n\n');
  const { environment } = asked("--env-from", file, "--env", "A=9");
  assert.deepEqual(environment, {
    set: Object.fromEntries([
      ["A", "9"],
      ["B", "two words"],
      ["C", "3"],
    ]),
  });
});

test("of a file of variables nothing is lost, and a byte order mark is no part of a name", () => {
  const file = join(folder, "odd.env");
  writeFileSync(file, "\u{FEFF}A=1\n  # comment\n\nB='two\nlines'\nC=\nD=it's\n");
  const { environment } = asked("--env-from", file);
  const set = typeof environment === "object" && "set" in environment ? environment.set : undefined;
  assert.deepEqual({ ...set }, { A: "1", B: "two\nlines", C: "", D: "it's" });
  for (const [text, line] of [
    ["A=1\nNOTHING\n", 2],
    ["=x\n", 1],
    ["A='1\n2'\nexport B\n", 3],
  ] as const) {
    writeFileSync(file, text);
    refused(new RegExp(`line ${line} is no NAME=VALUE`, "u"), "--env-from", file);
  }
});

test("--env-file is the same, and --env-from wins over it", () => {
  const [one, other] = [join(folder, "one.env"), join(folder, "other.env")];
  writeFileSync(one, "A=1\nB=1\n");
  writeFileSync(other, "B=2\n");
  assert.deepEqual(asked("--env-from", other, "--env-file", one), { environment: { set: { A: "1", B: "2" } } });
  refused(/^Cannot use --env-file /, "--env-file", join(folder, "nope"));
});

test("--env-file refuses a file with options for Node, which Node has obeyed by then", () => {
  const file = join(folder, "options.env");
  for (const line of ["NODE_OPTIONS=--title=x", "export NODE_OPTIONS='--title=x'", "Node_Options="]) {
    writeFileSync(file, `A=1\n${line}\n`);
    refused(
      /--env-file .*: it sets NODE_OPTIONS, which Node applies to Cordon itself; use --env-from/,
      "--env-file",
      file,
    );
    const { environment } = asked("--env-from", file);
    assert.ok(typeof environment === "object" && "set" in environment);
    assert.equal(Object.keys(environment.set ?? {}).length, 2, "for the guest it is a variable like others");
  }
});

/** What a script run with these words prints. */
function printed(...words: string[]): string {
  return execFileSync(process.execPath, words, { encoding: "utf8" }).trim();
}

test("what Node does with --env-file is what the documents say", () => {
  const file = join(folder, "title.env");
  writeFileSync(file, "A=1\nNODE_OPTIONS=--title=from-the-file\n");
  const script = join(folder, "title.mjs");
  writeFileSync(script, "console.log(process.title, process.env.A)");
  const obeyed = "from-the-file undefined";
  assert.equal(printed(script, "run", "--env-file", file), obeyed);
  assert.equal(printed(script, `--env-file=${file}`), obeyed);
  assert.equal(printed(script, `--env-file-if-exists=${file}`), obeyed);
  assert.notEqual(printed(script, "run", "--", `--env-file=${file}`), obeyed);
  assert.notEqual(printed("--", script, "run", `--env-file=${file}`), obeyed);
  assert.notEqual(printed(script, "--env-from", file), obeyed);
});

test("files of variables that cannot be read", () => {
  writeFileSync(join(folder, "latin1.env"), Buffer.from([0x41, 0x3d, 0xe9]));
  writeFileSync(join(folder, "large.env"), `A=${"x".repeat(1024 * 1024)}`);
  refused(
    /--env-from ".*": there is no such file; name a file of NAME=VALUE lines/,
    "--env-from",
    join(folder, "nope"),
  );
  refused(/it is not UTF-8 text/, "--env-from", join(folder, "latin1.env"));
  refused(/it is larger than 1 MiB/, "--env-from", join(folder, "large.env"));
  refused(/it cannot be read \(EISDIR\)/, "--env-from", folder);
});

test(
  "a file of variables may be a pipe",
  needing(["posix"], () => {
    const script = `import { readEnvFile } from ${JSON.stringify(join(import.meta.dirname, "env-file.ts"))};
    console.log(JSON.stringify(readEnvFile("/dev/stdin", "--env-from")));`;
    const node = [process.execPath, "--input-type=module-typescript", "-e", script];
    // Node's own pipes are sockets, which cannot be opened by a path.
    const output = execFileSync("sh", ["-c", 'printf "A=1\\n" | "$@"', "sh", ...node]);
    assert.equal(output.toString(), '[["A","1"]]\n');
  }),
);

test("limits", () => {
  const words = {
    "--timeout": "2s",
    "--max-memory": "64MiB",
    "--max-open-files": "3",
    "--max-read-bytes": "1KiB",
    "--max-write-bytes": "0",
    "--read-rate": "1MiB/s",
    "--write-rate": "10KB",
    "--max-connections": "0",
    "--max-sockets": "1",
    "--max-handles": "100",
    "--max-output": "1B",
    "--max-header-bytes": "4096",
  };
  assert.deepEqual(sandboxOptions(parsed(...Object.entries(words).flat())).limits, {
    timeoutMs: 2000,
    memoryBytes: 64 * 1024 * 1024,
    maxOpenFiles: 3,
    maxReadBytes: 1024,
    maxWriteBytes: 0,
    readBytesPerSecond: 1024 * 1024,
    writeBytesPerSecond: 10_000,
    maxConnections: 0,
    maxSockets: 1,
    maxHandles: 100,
    maxStdoutBytes: 1,
    maxHeaderBytes: 4096,
  });
  assert.deepEqual(sandboxOptions(parsed()).limits, {});
  refused(/--max-open-files="3.5": it takes a whole number, from 0 to 65536$/, "--max-open-files", "3.5");
  refused(/--max-sockets="65537"/, "--max-sockets", "65537");
  refused(/--read-rate="0"/, "--read-rate", "0");
  refused(/--max-handles="-1"/, "--max-handles=-1");
});

test("--deterministic takes a seed, or none", () => {
  const { deterministic: bare } = sandboxOptions(parsed("--deterministic", "x.wasm"));
  assert.deepEqual(bare, { seed: 0n });
  const { deterministic: seeded } = sandboxOptions(parsed("--deterministic=18446744073709551615"));
  assert.deepEqual(seeded, { seed: 2n ** 64n - 1n });
  assert.equal("deterministic" in sandboxOptions(parsed()), false);
  for (const seed of ["18446744073709551616", "-1", "x", ""]) {
    assert.throws(() => sandboxOptions(parsed(`--deterministic=${seed}`)), { code: "usage" });
  }
});

test("the folders opened for writing are known for the warning about the audit file", () => {
  assert.deepEqual(writableFolders(parsed("--dir", "a", "--dir", "b::/:rw", "--dir", "c:rw")), ["b", "c"]);
  assert.deepEqual(writableFolders({}), []);
});
