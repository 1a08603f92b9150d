import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Sandbox } from "../../src/sandbox/index.ts";
import { Playground } from "../support/filesystem.ts";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

const CODES =
  "access would-block already bad-descriptor busy deadlock quota exist file-too-large illegal-byte-sequence in-progress interrupted invalid io is-directory loop too-many-links message-size name-too-long no-device no-entry no-lock insufficient-memory insufficient-space not-directory not-empty not-recoverable unsupported no-tty no-such-device overflow not-permitted pipe read-only invalid-seek text-file-busy cross-device"
    .split(" ")
    .map((code) => `"${code}"`)
    .join(" ");
const TYPES = [
  ["ec", "error-code", `(enum ${CODES})`],
  ["pf", "path-flags", `(flags "symlink-follow")`],
  ["of", "open-flags", `(flags "create" "directory" "exclusive" "truncate")`],
  [
    "df",
    "descriptor-flags",
    `(flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync" "mutate-directory")`,
  ],
] as const;
const FUNCTIONS = [
  [
    "open",
    "[method]descriptor.open-at",
    `(func (param "self" (borrow $d)) (param "path-flags" $pf) (param "path" string) (param "open-flags" $of)
      (param "flags" $df) (result (result (own $d) (error $ec))))`,
  ],
  [
    "read",
    "[method]descriptor.read",
    `(func (param "self" (borrow $d)) (param "length" u64) (param "offset" u64)
      (result (result (tuple (list u8) bool) (error $ec))))`,
  ],
  [
    "write",
    "[method]descriptor.write",
    `(func (param "self" (borrow $d)) (param "buffer" (list u8)) (param "offset" u64) (result (result u64 (error $ec))))`,
  ],
] as const;
const DIRECTORIES = `(func (result (list (tuple (own $d) string))))`;
const NAMES = ["directories", ...FUNCTIONS.map(([name]) => name)];

/** What a component imports of `wasi:filesystem`, each thing by a name that `of` gives. */
function types(of: (short: string, name: string) => readonly [declare: string, name: string]): string {
  return TYPES.map(([short, name, type]) => {
    const [declare, as] = of(short, name);
    return `(type $${short}' ${type}) (${declare} "${as}" (type $${short} (eq $${short}')))`;
  }).join("\n");
}

/**
 * A guest whose inner component opens a file in a task that goes on when the export has returned. It reads the file until it finds
 * something else in it than what it was granted, and writes there.
 */
const GOES_ON = `(component
  (import "wasi:filesystem/types@0.2.0" (instance $fs
    (export "descriptor" (type $d (sub resource)))
    ${types((_short, name) => ["export", name])}
    ${FUNCTIONS.map(([, name, type]) => `(export "${name}" ${type})`).join("\n")}))
  (alias export $fs "descriptor" (type $d))
  (import "wasi:filesystem/preopens@0.2.0" (instance $pre
    (alias outer 1 $d (type $d0)) (export "descriptor" (type $d (eq $d0)))
    (export "get-directories" ${DIRECTORIES})))
  (component $B
    (import "d" (type $d (sub resource)))
    ${types((short) => ["import", short])}
    (import "directories" (func $directories ${DIRECTORIES.slice("(func ".length)})
    ${FUNCTIONS.map(([name, , type]) => `(import "${name}" (func $${name} ${type.slice("(func ".length)})`).join("\n")}
    (core module $libc (memory (export "mem") 2)
      (data (i32.const 16) "mine.txt") (data (i32.const 1024) "PWNED")
      (global $top (mut i32) (i32.const 8192))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
        (local.set $at (global.get $top))
        (global.set $top (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 15)) (i32.const -16)))
        (if (i32.gt_u (global.get $top) (i32.const 60000)) (then (global.set $top (i32.const 8192))))
        (local.get $at)))
    (core instance $libc (instantiate $libc))
    ${NAMES.map((name) => `(core func $${name}l (canon lower (func $${name}) (memory (core memory $libc "mem")) (realloc (core func $libc "realloc"))))`).join("\n")}
    (core module $m
      (import "" "mem" (memory 2))
      (import "" "directories" (func $directories (param i32)))
      (import "" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
      (import "" "read" (func $read (param i32 i64 i64 i32)))
      (import "" "write" (func $write (param i32 i32 i32 i64 i32)))
      (global $file (mut i32) (i32.const 0))
      (func (export "g") (result i32)
        (call $directories (i32.const 512))
        (call $open (i32.load (i32.load (i32.const 512))) (i32.const 1) (i32.const 16) (i32.const 8) (i32.const 0)
          (i32.const 3) (i32.const 520))
        (if (i32.load8_u (i32.const 520)) (then unreachable))
        (global.set $file (i32.load (i32.const 524)))
        (i32.const 1))
      (func (export "cb") (param i32 i32 i32) (result i32)
        (call $read (global.get $file) (i64.const 40) (i64.const 0) (i32.const 528))
        ;; While it is open: once more in the next turn.
        (if (i32.eqz (i32.load8_u (i32.const 528))) (then (return (i32.const 1))))
        ;; It was closed. On the processor until it is something else, which does not begin with "mine".
        (loop $again
          (call $read (global.get $file) (i64.const 40) (i64.const 0) (i32.const 528))
          (br_if $again (i32.load8_u (i32.const 528)))
          (br_if $again (i32.lt_u (i32.load (i32.const 536)) (i32.const 4)))
          (br_if $again (i32.eq (i32.load (i32.load (i32.const 532))) (i32.const 0x656e696d))))
        (call $write (global.get $file) (i32.const 1024) (i32.const 5) (i64.const 0) (i32.const 640))
        (i32.const 0)))
    (core instance $i (instantiate $m (with "" (instance (export "mem" (memory $libc "mem"))
      ${NAMES.map((name) => `(export "${name}" (func $${name}l))`).join(" ")}))))
    (func (export "g") async (canon lift (core func $i "g") async (callback (core func $i "cb")))))
  (component $A
    (import "g" (func $g async))
    (core func $gl (canon lower (func $g) async))
    (core module $m (import "" "g" (func $g (result i32)))
      (func (export "f") (result i32) (drop (call $g)) (i32.const 7)))
    (core instance $i (instantiate $m (with "" (instance (export "g" (func $gl))))))
    (func (export "f") (result u32) (canon lift (core func $i "f"))))
  (instance $b (instantiate $B (with "d" (type $d))
    ${TYPES.map(([short, name]) => `(with "${short}" (type $fs "${name}"))`).join(" ")}
    (with "directories" (func $pre "get-directories"))
    ${FUNCTIONS.map(([short, name]) => `(with "${short}" (func $fs "${name}"))`).join(" ")}))
  (instance $a (instantiate $A (with "g" (func $b "g"))))
  (alias export $a "f" (func $f)) (export "f" (func $f)))`;

// Weakening: `FileDescriptor.file` and `OwnedNumber.number` give what they had after it was closed.
test("a task that goes on after its call has ended reads and writes no file that was opened since", async () => {
  using place = new Playground();
  writeFileSync(join(place.inside, "mine.txt"), "mine, and only mine");
  const secret = join(place.outside, "secret");
  writeFileSync(secret, "SECRET");
  await using sandbox = await Sandbox.open(await textGuest("stale-descriptors", GOES_ON), {
    cache: TEST_CACHE,
    grants: { filesystem: { preopens: [{ host: place.inside, guest: "/", write: true }] } },
    limits: { timeoutMs: 2_000 },
  });
  const opened: number[] = [];
  const timer = setInterval(() => {
    for (let count = 0; count < 20; count += 1) opened.push(openSync(secret, "r+"));
  }, 100);
  try {
    // It returns, or is ended at its deadline.
    await sandbox.call("f", []).catch(() => undefined);
  } finally {
    clearInterval(timer);
    for (const fd of opened) closeSync(fd);
  }
  assert.equal(readFileSync(secret, "utf8"), "SECRET");
});
