import assert from "node:assert/strict";
import { execFile, type ExecFileOptions } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { before, test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { cordon } from "../support/cli.ts";
import { temporaryFolder, testGuest, textGuest } from "../support/guests.ts";
import { needing } from "../support/needs.ts";

/** `five: func() -> u32`, which is made ready in no time. */
const TINY = `(component
  (core module $m (func (export "f") (result i32) i32.const 5))
  (core instance $i (instantiate $m))
  (func (export "five") (result u32) (canon lift (core func $i "f"))))`;

let guest: string;
let tiny: string;
before(async () => {
  guest = await testGuest();
  tiny = await textGuest("tiny", TINY);
});

test("--help lists every command, and each command's help of its flags", async () => {
  const whole = await cordon(["--help"]);
  assert.deepEqual([whole.code, whole.stderr], [0, ""]);
  const commands = ["run", "serve-http", "inspect", "limits", "scan", "demo", "doctor", "completion"];
  for (const command of commands) assert.match(whole.stdout, new RegExp(`^ {2}${command} `, "m"));
  const flags: Readonly<Record<string, readonly string[]>> = {
    run: [
      "--allow-fs-read[=PATH]",
      "--allow-fs-write[=PATH]",
      "--dir <HOST[::GUEST][:ro|:rw]>",
      "--allow-create",
      "--allow-delete",
      "--max-file-size <SIZE>",
      "--allow-network[=HOST[:PORT]]",
      "--allow-net <[SCHEME://]HOST[:PORTS]>",
      "--deny-net <[SCHEME://]HOST[:PORTS]>",
      "--allow-listen <[SCHEME://]ADDRESS:PORTS>",
      "--allow-dns[=NAME]",
      "--env <NAME=VALUE>",
      "--env-from <FILE>",
      "--env-file <FILE>",
      "--inherit-env[=NAME]",
      "--stdin",
      "--allow-process[=COMMAND]",
      "--clock",
      "--clock-resolution <DURATION>",
      "--random <none|pseudo[:SEED]|full>",
      "--grant <NAME=VALUE>",
      "--timeout <DURATION>",
      "--max-memory <SIZE>",
      "--max-open-files <COUNT>",
      "--max-read-bytes <SIZE>",
      "--max-write-bytes <SIZE>",
      "--read-rate <RATE>",
      "--write-rate <RATE>",
      "--max-connections <COUNT>",
      "--max-sockets <COUNT>",
      "--max-handles <COUNT>",
      "--max-output <SIZE>",
      "--max-header-bytes <SIZE>",
      "--fail-on-denied",
      "--audit <FILE>",
      "--json",
    ],
    inspect: ["--json"],
    scan: ["--file <FILE>", "--code <CODE>", "--fail-on <SEVERITY>"],
    demo: ["malicious", "trusted"],
    completion: ["bash", "zsh", "fish"],
  };
  for (const command of commands) {
    for (const words of [
      [command, "--help"],
      ["help", command],
    ]) {
      const { code, stdout, stderr } = await cordon(words);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`^Usage: cordon ${command} `));
      for (const flag of flags[command] ?? []) assert.ok(stdout.includes(flag), `${command}: ${flag}`);
    }
  }
});

test("--version prints the version alone", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
  assert.deepEqual(await cordon(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

test("without a command, the help goes to stderr", async () => {
  const { code, stdout, stderr } = await cordon([]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Usage: cordon /);
});

test("wrong flags and commands are answered with the nearest right one", async () => {
  const cases: readonly (readonly [RegExp, readonly string[]])[] = [
    [/^error: unknown option '--alow-fs-read'\n\(Did you mean --allow-fs-read\?\)\n$/, ["run", "--alow-fs-read", "x"]],
    [/^error: unknown option '--allow-netwrok=a'\n\(Did you mean --allow-network\?\)\n$/, ["run", "--allow-netwrok=a"]],
    [/^error: unknown option '--isolatoin'\n\(Did you mean --isolation\?\)\n$/, ["run", "a", "--isolatoin=process"]],
    [/^error: unknown option '--nothing-like-it=process'\n$/, ["run", "a", "--nothing-like-it=process"]],
    [/^error: unknown option '--help=foo'\n/, ["run", "--help=foo"]],
    [/^error: unknown option '--jsn'\n\(Did you mean --json\?\)\n$/, ["inspect", "--jsn", "x"]],
    [/^error: unknown command 'rnu'\n\(Did you mean run\?\)\n$/, ["rnu"]],
    [/^error: unknown command 'rnu'\n\(Did you mean run\?\)\n$/, ["rnu", "--help"]],
    [/^error: unknown command 'rnu'\n\(Did you mean run\?\)\n$/, ["help", "rnu"]],
    [/^error: unknown command 'nosuch'\n$/, ["nosuch", "-h"]],
    [/^error: missing required argument 'file'\n$/, ["run"]],
    [/Allowed choices are critical, high, medium, low, never/, ["scan", "--code", "x", "--fail-on", "worst"]],
    [/Allowed choices are malicious, trusted/, ["demo", "neither"]],
    [/unknown option '--allow-fs-read'/, ["inspect", "--allow-fs-read", "x"]],
    [/unknown option '\\u\{1b\}\[31m--x'|unknown option '-\\u\{1b\}/, ["run", "-\u001b[31m--x"]],
  ];
  for (const [message, words] of cases) {
    const { code, stdout, stderr } = await cordon(words);
    assert.deepEqual([code, stdout], [2, ""], words.join(" "));
    assert.match(stderr, message);
  }
});

test("bad files are one clear message and exit code 2, for run and inspect alike", async (context) => {
  const folder = await temporaryFolder(context);
  const whole = await readFile(guest);
  const files: readonly (readonly [string, Uint8Array | string, RegExp])[] = [
    ["empty.wasm", "", /the file is empty/],
    ["text.wasm", "(component)", /it is text, not a WebAssembly component/],
    ["noise.wasm", Uint8Array.of(0x7f, 0x45, 0, 1, 2), /does not start with the preamble/],
    ["core.wasm", Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), /a core WebAssembly module, not a component/],
    ["truncated.wasm", whole.subarray(0, 200_000), /at byte \d+/],
  ];
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  const cases: readonly (readonly [string, RegExp])[] = [
    ["absent.wasm", /there is no such file; check the path/],
    [".", /it is a directory; name a component file/],
    ["text.wasm/x", /a part of the path is not a directory/],
    ...files.map(([name, , message]) => [name, message] as const),
  ];
  for (const command of ["run", "inspect"]) {
    for (const [name, message] of cases) {
      const { code, stdout, stderr } = await cordon([command, name], { cwd: folder });
      assert.deepEqual([code, stdout], [2, ""], `${command} ${name}: ${stderr}`);
      assert.match(stderr, message);
      assert.match(stderr, /^error: [^\n]+\n$/);
    }
  }
  const left = await readdir(folder);
  assert.deepEqual(left.sort(), files.map(([name]) => name).sort());
});

test("the completion of an export asks the component, whose names are never obeyed", async () => {
  const names = async (file: string): Promise<readonly string[]> => {
    const { stdout, stderr } = await cordon(["complete", file]);
    assert.equal(stderr, "");
    return stdout.split("\n").filter((line) => line !== "");
  };
  assert.deepEqual(await names(tiny), ["five"]);
  assert.ok((await names(guest)).includes("add"));
  // Those of two interfaces that have a function of the same name are told apart by the interface.
  const both = await textGuest(
    "two-runs",
    `(component
      (core module $m (func (export "f")))
      (core instance $i (instantiate $m))
      (func $f (canon lift (core func $i "f")))
      (instance $a (export "go" (func $f)) (export "halt" (func $f)))
      (instance $b (export "go" (func $f)))
      (export "acme:one/first@1.0.0" (instance $a))
      (export "acme:two/second@1.0.0" (instance $b)))`,
  );
  assert.deepEqual(await names(both), ["first#go", "halt", "second#go"]);
  for (const file of ["absent.wasm", "package.json", "."]) assert.deepEqual(await names(file), [], file);
});

test("the bash completion offers what there is", async (context) => {
  const folder = await temporaryFolder(context);
  await copyFile(tiny, join(folder, "a skill.wasm"));
  await writeFile(join(folder, "a note.txt"), "");
  await mkdir(join(folder, "a folder"));
  const { stdout: script } = await cordon(["completion", "bash"]);
  const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
    // Names that a shell would run, were they expanded.
    const simulation = `${script}
      cordon() { if [[ $3 == "a note.txt" ]]; then printf '%s\\n' 'x$(touch obeyed)'; else "$NODE" "$CORDON" "$@"; fi; }
      COMP_WORDS=(cordon "$@"); COMP_CWORD=$#; _cordon; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", simulation, "bash", ...words], {
      cwd: folder,
      env: { NODE: process.execPath, CORDON: resolve("dist/bin/cordon.js"), PATH: process.env["PATH"] },
    });
    return stdout.trimEnd().split("\n").sort();
  };
  assert.deepEqual(await complete("i"), ["inspect"]);
  assert.deepEqual(await complete("run", "--allow-fs"), ["--allow-fs-read", "--allow-fs-write"]);
  assert.deepEqual(await complete("run", "--allow-fs-read", "=", ""), ["a folder", "a note.txt", "a skill.wasm"]);
  assert.deepEqual(await complete("run", "--audit", "a n"), ["a note.txt"]);
  assert.deepEqual(await complete("run", "a"), ["a folder", "a skill.wasm"]);
  assert.deepEqual(await complete("run", "--dir", "a"), ["a folder"]);
  assert.deepEqual(await complete("run", "--timeout", "5"), ["500ms", "5s"]);
  assert.deepEqual(await complete("run", "--random", ""), ["full", "none", "pseudo"]);
  assert.deepEqual(await complete("run", "--inherit-env", "=", "NOD"), ["NODE"]);
  assert.deepEqual(await complete("run", "a\\ skill.wasm", ""), ["five"]);
  assert.deepEqual(await complete("run", "--clock", "a skill.wasm", "f"), ["five"]);
  assert.deepEqual(await complete("run", "a skill.wasm", "x"), [""]);
  assert.deepEqual(await complete("run", "a note.txt", "x"), ["x$(touch obeyed)"]);
  assert.deepEqual((await readdir(folder)).sort(), ["a folder", "a note.txt", "a skill.wasm"]);
  for (const words of [["--timeout", "5s"], ["--timeout", "=", "5s"], ["--allow-fs-read", "=", "x"], ["--clock"], []]) {
    assert.deepEqual(await complete("run", ...words, "a skill.wasm", "--allow-dn"), ["--allow-dns"], words.join(" "));
    assert.deepEqual(await complete("run", ...words, "a skill.wasm", "add", "--allow-dn"), [""], words.join(" "));
  }
  assert.deepEqual(await complete("run", "--", "--allow-dn"), [""]);
  assert.deepEqual(await complete("scan", "--fail-on", "me"), ["medium"]);
  assert.deepEqual(await complete("scan", "--fail-on", "="), ["critical", "high", "low", "medium", "never"]);
  assert.deepEqual(await complete("demo", ""), ["malicious", "trusted"]);
  assert.deepEqual(await complete("completion", "z"), ["zsh"]);
  assert.deepEqual(await complete("help", "sc"), ["scan"]);
});

/** A folder with what there is to complete, and the environment in which a shell finds the command. */
async function completionPlace(context: TestContext, shell: "zsh" | "fish"): Promise<ExecFileOptions> {
  const folder = await temporaryFolder(context);
  await copyFile(tiny, join(folder, "skill.wasm"));
  await writeFile(join(folder, "note.txt"), "");
  await mkdir(join(folder, "bin"));
  const command = `#!/bin/sh\nexec '${process.execPath}' '${resolve("dist/bin/cordon.js")}' "$@"\n`;
  await writeFile(join(folder, "bin/cordon"), command, { mode: 0o755 });
  await writeFile(join(folder, "script"), (await cordon(["completion", shell])).stdout);
  return { cwd: folder, env: { HOME: folder, TERM: "dumb", PATH: `${folder}/bin:${process.env["PATH"]}` } };
}

test(
  "fish completes what there is",
  needing(["fish"], async (context) => {
    const place = await completionPlace(context, "fish");
    const lines = ["ru", "run sk", "run skill.wasm f", "run --rand", "run --random ", "completion z", "run --dir b"];
    const ask = lines.map((line) => `complete -C 'cordon ${line}'; echo ====`).join("\n");
    const { stdout } = await promisify(execFile)("fish", ["--no-config", "-c", `source script\n${ask}`], place);
    const answers = String(stdout)
      .split("====\n")
      .map((one) => one.split("\n").flatMap((line) => line.split("\t")[0] || []));
    assert.deepEqual(answers.slice(0, -1), [
      ["run"],
      ["skill.wasm"],
      ["five"],
      ["--random"],
      ["full", "none", "pseudo"],
      ["zsh"],
      ["bin/"],
    ]);
  }),
);

/** A shell on a terminal of its own, which is given a line and completes it; then it is asked for what stands there. */
const ZSH = String.raw`
zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z "PROMPT=; autoload -U compinit; compinit -u -D; source script; bindkey '^I' complete-word; bindkey '^G' shown
  shown() { print -r -- \"=\$BUFFER=\" > answer }; zle -N shown; echo RE''ADY"
zpty -r -m z seen '*READY*'
mkfifo answer
zpty -w -n z "$1"$'\t\a'
IFS= read -r line < answer; print -r -- $line
zpty -d z`;

test(
  "zsh completes what there is",
  needing(["zsh"], async (context) => {
    const place = await completionPlace(context, "zsh");
    const completed = async (line: string): Promise<string> => {
      await rm(join(String(place.cwd), "answer"), { force: true });
      const { stdout } = await promisify(execFile)("zsh", ["-f", "-c", ZSH, "zsh", line], {
        ...place,
        timeout: 60_000,
      });
      return String(stdout);
    };
    for (const [line, whole] of [
      ["cordon ru", "cordon run "],
      ["cordon run sk", "cordon run skill.wasm "],
      ["cordon run skill.wasm f", "cordon run skill.wasm five "],
      ["cordon run --random fu", "cordon run --random full "],
      ["cordon completion z", "cordon completion zsh "],
    ] as const) {
      assert.equal(await completed(line), `=${whole}=\n`);
    }
  }),
);

test("each shell's completion names every visible command and flag, and no hidden one", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout, stderr } = await cordon(["completion", shell]);
    assert.deepEqual([code, stderr], [0, ""]);
    const words = ["inspect", "completion", "allow-fs-write", "fail-on-denied", "max-memory", "critical", "malicious"];
    for (const word of words) assert.ok(stdout.includes(word), `${shell}: ${word}`);
    assert.doesNotMatch(stdout, /allow-public-network/);
  }
});
