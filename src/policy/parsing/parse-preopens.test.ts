import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as fc from "fast-check";
import type { Preopen } from "../grants.ts";
import { type FilesystemGrantsInput, parseGrants } from "./parse-grants.ts";
import { parsePreopenText } from "./preopen-text.ts";

let base = "";
before(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "cordon-preopens-")));
  for (const name of ["data", "other", "data/code", "odd::name", "ends:rw"]) mkdirSync(join(base, name));
  writeFileSync(join(base, "file"), "x");
  symlinkSync("data", join(base, "link"));
});
after(() => rmSync(base, { recursive: true }));

function opened(filesystem: FilesystemGrantsInput, protectedFolders: readonly string[] = []): readonly Preopen[] {
  return parseGrants({ filesystem }, { cwd: base, protectedFolders }).preopens;
}

function refused(filesystem: unknown, message: RegExp, protectedFolders: readonly string[] = []): void {
  assert.throws(() => opened(filesystem as FilesystemGrantsInput, protectedFolders), { code: "policy", message });
}

for (const [written, host, guest, write] of [
  ["data", "data", "data", false],
  ["data:ro", "data", "data", false],
  ["data:rw", "data", "data", true],
  ["data::/", "data", "/", false],
  ["data::/:rw", "data", "/", true],
  [".", ".", ".", false],
  ["/a::b::/c:rw", "/a::b", "/c", true],
  ["data::ro", "data", "ro", false],
  ["data::ro:rw", "data", "ro", true],
  ["data:RW", "data:RW", "data:RW", false],
  ["data:rwx", "data:rwx", "data:rwx", false],
  ["ends:rw:ro", "ends:rw", "ends:rw", false],
  ["C:\\data", "C:\\data", "C:\\data", false],
  ["C:\\data:rw", "C:\\data", "C:\\data", true],
  ["C:\\data::/data:rw", "C:\\data", "/data", true],
  ["C:/data::C:/data", "C:/data", "C:/data", false],
  ["data:::rw", "data", "", true],
  ["data::", "data", "", false],
  ["::/x", "", "/x", false],
  ["", "", "", false],
] as const) {
  test(`--dir ${JSON.stringify(written)}`, () => {
    assert.deepEqual(parsePreopenText(written), { host, guest, write });
  });
}

test("paths and names without two colons side by side come back as they were written", () => {
  const part = fc.stringMatching(/^[a-zA-Z0-9/. _-]{1,20}$/);
  fc.assert(
    fc.property(part, fc.option(part, { nil: undefined }), fc.constantFrom("", ":ro", ":rw"), (host, guest, access) => {
      const written = `${host}${guest === undefined ? "" : `::${guest}`}${access}`;
      assert.deepEqual(parsePreopenText(written), { host, guest: guest ?? host, write: access === ":rw" });
    }),
    { numRuns: 200 },
  );
});

test("a folder is read-only unless it says otherwise, its links resolved now", () => {
  const common = { maxFileBytes: Number.MAX_SAFE_INTEGER, except: [] };
  const readOnly = { write: false, create: false, delete: false };
  assert.deepEqual(opened({ preopens: ["link", "data::/"] }), [
    { guest: "link", root: join(base, "data"), ...readOnly, ...common, written: "link" },
    { guest: "/", root: join(base, "data"), ...readOnly, ...common, written: "data::/" },
  ]);
  assert.deepEqual(opened({ preopens: [{ host: "data", guest: "/", write: true, create: true, maxFileBytes: 10 }] }), [
    {
      guest: "/",
      root: join(base, "data"),
      write: true,
      create: true,
      delete: false,
      maxFileBytes: 10,
      except: [],
      written: "data",
    },
  ]);
  assert.deepEqual(
    opened({ preopens: ["odd::name::x"] }).map(({ root }) => root),
    [join(base, "odd::name")],
  );
});

test("what filesystem sets holds for every folder that may be written and does not say otherwise", () => {
  const folders = opened({
    preopens: ["data:rw", "other", { host: "data", guest: "/", write: true, delete: false, maxFileBytes: 5 }],
    create: true,
    delete: true,
    maxFileBytes: 100,
  });
  assert.deepEqual(
    folders.map((one) => [one.guest, one.write, one.create, one.delete, one.maxFileBytes]),
    [
      ["data", true, true, true, 100],
      ["other", false, false, false, 100],
      ["/", true, true, false, 5],
    ],
  );
});

test("the folders the host keeps code in are never writable", () => {
  const code = join(base, "data/code");
  refused({ preopens: ["data/code:rw"] }, /^Cannot open "data\/code:rw" for writing: Cordon keeps code there/, [code]);
  refused({ preopens: ["link/code:rw"] }, /keeps code there/, [code]);
  refused({ preopens: ["data/code:rw"] }, /keeps code there/, [join(base, "data")]);
  assert.deepEqual(opened({ preopens: ["data/code"] }, [code]).length, 1);
  assert.deepEqual(
    opened({ preopens: ["data:rw", "other:rw"] }, [code]).map(({ except }) => except),
    [[code], []],
  );
  // One that is yet to be made, named through a link.
  assert.deepEqual(opened({ preopens: ["data:rw"] }, [join(base, "link/later/cache")])[0]?.except, [
    join(base, "data/later/cache"),
  ]);
  // A name that begins like the folder's is another folder.
  assert.equal(opened({ preopens: ["other:rw"] }, [join(base, "oth")]).length, 1);
});

test("what cannot be opened is refused, with the reason", () => {
  refused(
    { preopens: ["nope"] },
    /^Cannot open "nope" for the guest: no such file or folder; name a folder that exists$/,
  );
  refused({ preopens: ["file"] }, /it is not a folder/);
  refused({ preopens: ["::/x"] }, /the path is empty/);
  refused({ preopens: ["data::"] }, /the guest's name for it is empty; write HOST::GUEST/);
  refused({ preopens: ["data::a\0b"] }, /NUL/);
  refused({ preopens: [{ host: "a\0b" }] }, /NUL/);
  refused({ preopens: [{ host: "data", guest: "\ud800" }] }, /not valid Unicode/);
  refused({ preopens: ["data::x", "other::x"] }, /it has a folder named "x" already/);
  refused({ preopens: [{ host: "data", create: true }] }, /preopens\[0\]\.create: it needs write: true as well/);
  refused({ preopens: ["data"], delete: true }, /no folder is opened for writing/);
  refused({ create: true }, /no folder is opened for writing/);
  refused({ write: ["data"], delete: true }, /no folder is opened for writing/);
  refused({ preopens: "data" }, /filesystem\.preopens: expected a list, found string/);
  refused({ preopens: [1] }, /preopens\[0\]: expected an object .*found number/);
  refused({ preopens: [{ host: "data", rw: true }] }, /unknown key "rw"/);
  refused({ preopens: [{ host: 1 }] }, /host: expected a string/);
  refused({ preopens: [{ host: "data", write: "yes" }] }, /write: expected true or false/);
  for (const bytes of [-1, 1.5, Number.NaN, "1MiB", null]) {
    refused({ preopens: ["data"], maxFileBytes: bytes }, /maxFileBytes: expected a whole number of bytes/);
  }
});
