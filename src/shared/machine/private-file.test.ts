import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { failsWith } from "../../../test/support/errors.ts";
import { temporaryFolder } from "../../../test/support/guests.ts";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

test("a file is read as far as others may do no more with it than is said", async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, "file");
  await writeFile(path, "content");
  const rows: readonly (readonly [number, "nothing" | "read" | "write", RegExp | undefined])[] = [
    [0o600, "nothing", undefined],
    [0o400, "nothing", undefined],
    [0o640, "nothing", /other users may read it; run chmod 600/],
    [0o604, "nothing", /other users may read it/],
    [0o644, "read", undefined],
    [0o664, "read", /other users may write it/],
    [0o646, "read", /other users may write it/],
    [0o666, "write", undefined],
  ];
  for (const [mode, othersMay, problem] of rows) {
    await chmod(path, mode);
    const read = (): Buffer | undefined => readPrivateFile(path, { maxBytes: 7, othersMay });
    if (problem === undefined) assert.equal(read()?.toString(), "content", mode.toString(8));
    else await failsWith("usage", problem, read);
  }
});

test("what is no regular file, or too large, is refused; what is not there is nothing", async (context) => {
  const folder = await temporaryFolder(context);
  const read = (name: string, maxBytes = 100, mayBeLink = true): Buffer | undefined =>
    readPrivateFile(join(folder, name), { maxBytes, othersMay: "write", mayBeLink });
  await writeFile(join(folder, "file"), "content");
  await symlink("file", join(folder, "link"));
  await mkdir(join(folder, "folder"));
  assert.equal(read("absent"), undefined);
  assert.equal(read("link")?.toString(), "content");
  await failsWith("usage", /it is a link/, () => read("link", 100, false));
  await failsWith("usage", /it is no regular file/, () => read("folder"));
  await failsWith("usage", /it has more than 6 bytes/, () => read("file", 6));
  await failsWith("usage", /it has more than 100 bytes|no regular file/, () =>
    readPrivateFile("/dev/zero", { maxBytes: 100, othersMay: "write" }),
  );
});

test("a file is written whole, for its user alone, in the place of another or not", async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, "file");
  writePrivateFile(path, Buffer.from("one"), { existing: "refuse" });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await failsWith("usage", /it is there already/, () =>
    writePrivateFile(path, Buffer.from("two"), { existing: "refuse" }),
  );
  assert.equal(await readFile(path, "utf8"), "one");
  writePrivateFile(path, Buffer.from("two"), { existing: "replace" });
  assert.equal(await readFile(path, "utf8"), "two");
  await symlink("nowhere", join(folder, "dangling"));
  await failsWith("usage", /it is there already/, () =>
    writePrivateFile(join(folder, "dangling"), Buffer.from("x"), { existing: "refuse" }),
  );
  await failsWith("usage", /its folder is not there/, () =>
    writePrivateFile(join(folder, "none/file"), Buffer.from("x"), { existing: "replace" }),
  );
  assert.deepEqual((await readdir(folder)).sort(), ["dangling", "file"]);
});
