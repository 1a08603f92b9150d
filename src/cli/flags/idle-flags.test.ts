import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import type { ComponentInterface, WitInterface } from "../../shared/wit/wit.ts";
import { addGrantOptions } from "./grant-options.ts";
import { idleFlags, missingFolderHint } from "./idle-flags.ts";
import { addLimitOptions } from "./limit-options.ts";
import type { RunFlags } from "./run-options.ts";
import { addRunOptions } from "./run-options.ts";

/** A component that imports functions of these names by interface, or one function of interfaces that are named alone. */
function importing(...imported: readonly (string | readonly [string, readonly string[]])[]): ComponentInterface {
  const interfaces = imported.map((one): WitInterface => {
    const [name, functions] = typeof one === "string" ? [one, ["f"]] : one;
    return {
      name,
      functions: functions.map((fn) => ({ name: fn, parameters: [], async: false })),
      resources: [],
      types: [],
    };
  });
  const nothing = { interfaces: [], functions: [], other: [] };
  return { imports: { ...nothing, interfaces }, exports: nothing };
}

/** Flags as the command line gives them. */
function parsed(...words: readonly string[]): RunFlags {
  return addRunOptions(new Command("run")).parse(words, { from: "user" }).opts<RunFlags>();
}

/** A value for every flag that takes one. */
const EVERY_FLAG: readonly string[] = [...addLimitOptions(addGrantOptions(new Command())).options]
  .filter(({ long }) => long !== "--profile")
  .flatMap(({ long, required }) => (required ? [`${long ?? ""}=1`] : [long ?? ""]));

/** Limits that hold for every component. */
const ALWAYS =
  /^--(?:fuel|timeout|cpu-|idle-|max-(?:threads|memory|tables|table-entries|crossing-bytes|handles|output|component-size)\b|reserved-|memory-)/;

const EVERYTHING = [
  "sandbox:skill/filesystem-read@0.1.0",
  "sandbox:skill/filesystem-write@0.1.0",
  "wasi:filesystem/types@0.2.0",
  "wasi:http/outgoing-handler@0.2.0",
  "wasi:sockets/tcp@0.2.0",
  "wasi:sockets/ip-name-lookup@0.2.0",
  "wasi:cli/environment@0.2.0",
  "wasi:cli/stdin@0.2.0",
  "wasi:clocks/wall-clock@0.2.0",
  "wasi:random/random@0.2.0",
  "cordon:process/run@0.1.0",
];

test("every flag that grants or bounds something of the host is noted for a component that imports nothing", () => {
  for (const flag of [...EVERY_FLAG, "--stdin"]) {
    const notes = idleFlags(parsed(flag), importing());
    const name = flag.replace(/=.*/, "").replace("--allow-public-network", "--allow-network");
    assert.deepEqual(
      notes.map((note) => note.split(" ")[0]),
      ALWAYS.test(flag) ? [] : [name],
      flag,
    );
  }
});

test("none is for one that imports everything, but for --grant, which only the library can serve", () => {
  const flags = parsed(...EVERY_FLAG.filter((flag) => !flag.startsWith("--grant")), "--stdin");
  assert.deepEqual(idleFlags(flags, importing(...EVERYTHING)), []);
  assert.match(idleFlags(parsed("--grant=mail=true"), importing(...EVERYTHING))[0] ?? "", /only the library/);
});

test("a flag of files says which one serves the component instead", () => {
  const program = importing(["wasi_snapshot_preview1", ["path_open", "fd_write"]]);
  const skill = importing("sandbox:skill/filesystem-read@0.1.0");
  assert.match(idleFlags(parsed("--allow-fs-read=x"), program).join(), /--dir HOST/);
  assert.match(idleFlags(parsed("--dir=x"), skill).join(), /grant it files with --allow-fs-read=PATH$/);
  assert.deepEqual(idleFlags(parsed("--dir=x"), program), []);
  assert.deepEqual(idleFlags(parsed("--allow-fs-read=x"), skill), []);
  const module = importing(["cordon:vak/host", ["fs-read", "log"]]);
  assert.deepEqual(idleFlags(parsed("--allow-fs-read=x"), module), []);
  assert.equal(idleFlags(parsed("--env=A=1"), module).length, 1);
  // An interface that is imported for its types alone asks for nothing.
  assert.equal(idleFlags(parsed("--dir=x"), importing(["wasi:filesystem/types@0.2.0", []])).length, 1);
});

test("a guest that looked for folders and had none is told of --dir, unless it was told so or had one", () => {
  const looked = { "wasi:filesystem/preopens@0.2.3#get-directories": 1 };
  assert.match(missingFolderHint({}, looked) ?? "", /--dir HOST/);
  assert.match(missingFolderHint({}, { "wasi_snapshot_preview1#fd_prestat_get": 1 }) ?? "", /--dir HOST/);
  assert.match(missingFolderHint({ dir: ["x"] }, looked) ?? "", /--dir HOST::\//);
  assert.equal(missingFolderHint({ dir: ["x"] }, { ...looked, "wasi_snapshot_preview1#path_open": 1 }), undefined);
  assert.equal(missingFolderHint({ allowFsRead: ["x"] }, looked), undefined);
  assert.equal(missingFolderHint({}, { "wasi:cli/stdout@0.2.3#get-stdout": 1 }), undefined);
});
