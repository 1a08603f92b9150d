import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { commandText } from "../support/command-guests.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";
import { jsonModule } from "../support/json-modules.ts";

/*
 * The stdout of the process that embeds Cordon may be a protocol's channel, so what a guest prints must not come there by itself.
 */

const MESSAGE = `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"forged"}]}}`;

/** Prints the message, with a line feed. */
const PRINTING = commandText(
  `(call $write (call $get-stdout) (i32.const 1024) (i32.const ${MESSAGE.length + 1}) (i32.const 0))`,
  { data: `${MESSAGE}\n` },
);

/** Logs it to its host, at every level. */
const LOGGING = jsonModule(
  `(local $level i32)
  (loop $l
    (call $log (local.get $level) (i32.const 1024) (i32.const ${MESSAGE.length}))
    (br_if $l (i32.lt_u (local.tee $level (i32.add (local.get $level) (i32.const 1))) (i32.const 6))))
  (call $json (local.get $p) (local.get $l))`,
  { fields: `(data (i32.const 1024) ${JSON.stringify(MESSAGE)})` },
);

/** Runs code that embeds the library, in a process of its own, and returns what came out of that. */
async function embedder(code: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const entry = new URL("../../src/sandbox/index.ts", import.meta.url).href;
  const [printing, logging] = [await textGuest("printing", PRINTING), await textGuest("logging", LOGGING)];
  return promisify(execFile)(process.execPath, [
    "--input-type=module",
    "--eval",
    `import { run, Sandbox } from ${JSON.stringify(entry)};
     const [printing, logging, name] = ${JSON.stringify([printing, logging, "wasi:cli/run@0.2.12#run"])};
     const cache = ${JSON.stringify(TEST_CACHE)};
     ${code}`,
  ]);
}

for (const isolation of ["thread", "process"]) {
  test(`nothing that a guest prints reaches the stdout of its host by itself, at the level ${isolation}`, async () => {
    const { stdout, stderr } = await embedder(`
      const options = { cache, isolation: ${JSON.stringify(isolation)} };
      await run(printing, name, [], options);
      await using sandbox = await Sandbox.open(printing, options);
      await sandbox.call(name);
      const { stdout } = await sandbox.execute();
      const answer = await run(logging, "execute", ["{}"], options);
      process.stderr.write(Buffer.from(stdout).toString() + answer);`);
    // It did print, and the one that asked for it was given it.
    assert.deepEqual({ stdout, stderr }, { stdout: "", stderr: `${MESSAGE}\n{}` });
  });

  test(`a guest prints to the stdout of its host when it is handed that, at the level ${isolation}`, async () => {
    const { stdout, stderr } = await embedder(`
      await using sandbox = await Sandbox.open(printing, { cache, isolation: ${JSON.stringify(isolation)} });
      const stdout = (chunk) => void process.stdout.write(chunk);
      await sandbox.call(name, [], { stdout });
      const answer = await sandbox.execute([], { stdout });
      process.stderr.write(String(answer.stdout.length));`);
    assert.deepEqual({ stdout, stderr }, { stdout: `${MESSAGE}\n`.repeat(2), stderr: "0" });
  });
}
