/**
 * Runs a WASI program with a folder that is opened for reading, and shows what it gets, writes and exits with. The program
 * is guests/line-count.js.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sandbox } from "cordon";

const program = new URL("../build/examples/line-count.wasm", import.meta.url);
const folder = await mkdtemp(join(tmpdir(), "cordon-example-"));
const notes = join(folder, "notes");
await mkdir(notes);
await writeFile(join(notes, "today.txt"), "Water the plants.\nCall home.\n");
await writeFile(join(folder, "secret.txt"), "Not for the program.\n");

try {
  await using granted = await Sandbox.open(program, {
    grants: { filesystem: { preopens: [`${notes}::/notes`] } },
    onEvent: ({ result, action, resource }) => console.log(`${result}: ${action} ${resource}`),
  });
  const { exitCode, stdout, stderr, usage } = await granted.execute(["today.txt", "../secret.txt"]);
  assert.deepEqual([exitCode, text(stdout), text(stderr)], [1, "2 today.txt\n", "../secret.txt: not-permitted\n"]);
  assert.equal(usage.denials, 1);
  console.log(`it exited with ${exitCode}, read ${usage.readBytes} bytes and wrote ${JSON.stringify(text(stdout))}`);

  // Without a grant there is no folder at all.
  await using bare = await Sandbox.open(program);
  const nothing = await bare.execute(["today.txt"]);
  assert.deepEqual([nothing.exitCode, text(nothing.stderr)], [1, "no folder was opened for me\n"]);
} finally {
  await rm(folder, { recursive: true });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
