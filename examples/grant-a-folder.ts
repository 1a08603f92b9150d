/**
 * Grants a component one folder to read and another to write, and shows that it gets nowhere else.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CordonError, Sandbox } from "cordon";

const tool = new URL("../build/examples/tool.wasm", import.meta.url);
const folder = await mkdtemp(join(tmpdir(), "cordon-example-"));
const notes = join(folder, "notes");
const drafts = join(folder, "drafts");
await mkdir(notes);
await mkdir(drafts);
await writeFile(join(notes, "today.txt"), "Water the plants.");
await writeFile(join(folder, "secret.txt"), "Not for the tool.");
await symlink(join(folder, "secret.txt"), join(notes, "link.txt"));

try {
  await using sandbox = await Sandbox.open(tool, {
    grants: { filesystem: { read: [notes], write: [drafts] } },
  });

  const { value } = await sandbox.call("tool.read", [join(notes, "today.txt")]);
  console.log(`read notes/today.txt: ${String(value)}`);
  assert.equal(value, "Water the plants.");

  await sandbox.call("tool.write", [join(drafts, "reply.txt"), "Done."]);
  assert.equal(await readFile(join(drafts, "reply.txt"), "utf8"), "Done.");
  console.log("wrote drafts/reply.txt");

  // Outside the folder, through a symbolic link out of it, and a folder that may only be written.
  for (const path of ["secret.txt", "notes/link.txt", "notes/../secret.txt", "drafts/reply.txt"]) {
    await assert.rejects(sandbox.call("tool.read", [join(folder, path)]), isDenied);
    console.log(`denied: read ${path}`);
  }
  await assert.rejects(sandbox.call("tool.write", [join(notes, "today.txt"), "x"]), isDenied);
  console.log("denied: write notes/today.txt");
} finally {
  await rm(folder, { recursive: true });
}

/** A denial is an `err` to the guest, which this guest returns to us; what it used says that something was denied. */
function isDenied(error: unknown): boolean {
  return error instanceof CordonError && error.code === "guest-error" && (error.usage?.denials ?? 0) > 0;
}
