/** Guests that measure themselves while they use files, so that their start does not count. */
import { cGuest, coreGuest } from "./guests.ts";

/** What the guests find in their preopened folder. */
export const LAYOUT = { deep: "a/b/c/d/e/file", bytes: "bytes", folder: "many" } as const;

/**
 * A component of a few hundred instructions that calls `wasi:filesystem` itself, with no language's runtime between. Each
 * export does something `rounds` times and returns the nanoseconds that it took; it traps when anything fails.
 */
export function leanFileGuest(): Promise<string> {
  return coreGuest("files", WORLD, TEXT);
}

/** The same in C, against wasi-libc and preview 1: `OPERATION ROUNDS LENGTH`, and the nanoseconds on its stdout. */
export function cFileGuest(): Promise<string | undefined> {
  return cGuest("files-c", C_SOURCE);
}

/** Where names lie in the guest's memory. */
const NAMES = { deep: 256, bytes: 320, folder: 384 } as const;

/** Results go to 16; what is written lies at 1 MiB; lists that the host returns go to 2 MiB and behind. */
const HEAP = 2 * 1024 * 1024;

const FUNCTIONS = [
  ["now", "(result i64)", "wasi:clocks/monotonic-clock", "now"],
  ["directories", "(param i32)", "wasi:filesystem/preopens", "get-directories"],
  ["type", "(param i32 i32)", "wasi:filesystem/types", "[method]descriptor.get-type"],
  ["open", "(param i32 i32 i32 i32 i32 i32 i32)", "wasi:filesystem/types", "[method]descriptor.open-at"],
  ["read", "(param i32 i64 i64 i32)", "wasi:filesystem/types", "[method]descriptor.read"],
  ["write", "(param i32 i32 i32 i64 i32)", "wasi:filesystem/types", "[method]descriptor.write"],
  ["stream", "(param i32 i64 i32)", "wasi:filesystem/types", "[method]descriptor.read-via-stream"],
  ["read-stream", "(param i32 i64 i32)", "wasi:io/streams", "[method]input-stream.blocking-read"],
  ["list", "(param i32 i32)", "wasi:filesystem/types", "[method]descriptor.read-directory"],
  ["entry", "(param i32 i32)", "wasi:filesystem/types", "[method]directory-entry-stream.read-directory-entry"],
  ["drop", "(param i32)", "wasi:filesystem/types", "[resource-drop]descriptor"],
  ["drop-stream", "(param i32)", "wasi:io/streams", "[resource-drop]input-stream"],
  ["drop-list", "(param i32)", "wasi:filesystem/types", "[resource-drop]directory-entry-stream"],
] as const;

/** What an export does again and again, after what it does once; `$rounds` and `$size` are its parameters. */
const LOOPS: Readonly<Record<string, readonly [once: string, again: string]>> = {
  nothing: ["(local.set $it (call $root))", "(call $type (local.get $it) (i32.const 16)) (call $must)"],
  opens: [
    "(local.set $root (call $root))",
    `(call $drop (call $opened (local.get $root) ${named("deep")} (i32.const 1)))`,
  ],
  reads: [
    `(local.set $it (call $opened (call $root) ${named("bytes")} (i32.const 1)))`,
    "(call $read-all (local.get $it) (local.get $size))",
  ],
  "file-reads": [
    "(local.set $root (call $root))",
    `(local.set $it (call $opened (local.get $root) ${named("bytes")} (i32.const 1)))
     (call $read-all (local.get $it) (local.get $size))
     (call $drop (local.get $it))`,
  ],
  "stream-reads": [
    `(local.set $it (call $opened (call $root) ${named("bytes")} (i32.const 1)))`,
    `(call $stream (local.get $it) (i64.const 0) (i32.const 16)) (call $must)
     (local.set $stream (i32.load (i32.const 20)))
     (call $read-stream (local.get $stream) (i64.extend_i32_u (local.get $size)) (i32.const 16)) (call $must)
     (if (i32.ne (i32.load (i32.const 24)) (local.get $size)) (then unreachable))
     (call $drop-stream (local.get $stream))`,
  ],
  writes: [
    `(local.set $it (call $opened (call $root) ${named("bytes")} (i32.const 3)))`,
    `(call $write (local.get $it) (i32.const 1048576) (local.get $size) (i64.const 0) (i32.const 16)) (call $must)
     (if (i64.ne (i64.load (i32.const 24)) (i64.extend_i32_u (local.get $size))) (then unreachable))`,
  ],
  lists: [
    `(local.set $it (call $opened (call $root) ${named("folder")} (i32.const 1)))`,
    `(call $list (local.get $it) (i32.const 16)) (call $must)
     (local.set $stream (i32.load (i32.const 20)))
     (local.set $found (i32.const 0))
     (block $end (loop $next
       (global.set $free (i32.const ${HEAP}))
       (call $entry (local.get $stream) (i32.const 16)) (call $must)
       (br_if $end (i32.eqz (i32.load8_u (i32.const 20))))
       (local.set $found (i32.add (local.get $found) (i32.const 1)))
       (br $next)))
     (if (i32.ne (local.get $found) (local.get $size)) (then unreachable))
     (call $drop-list (local.get $stream))`,
  ],
};

function named(what: keyof typeof NAMES): string {
  return `(i32.const ${NAMES[what]}) (i32.const ${LAYOUT[what].length})`;
}

const WORLD = `import wasi:clocks/monotonic-clock@0.2.12; import wasi:filesystem/types@0.2.12;
  import wasi:filesystem/preopens@0.2.12; import wasi:io/streams@0.2.12;
  ${Object.keys(LOOPS)
    .map((name) => `export ${name}: func(rounds: u32, size: u32) -> u64;`)
    .join(" ")}`;

const TEXT = `(module
  ${FUNCTIONS.map(([name, type, from, field]) => `(import "${from}@0.2.12" "${field}" (func $${name} ${type}))`).join("\n  ")}
  (memory (export "memory") 64)
  (global $free (mut i32) (i32.const ${HEAP}))
  ${(["deep", "bytes", "folder"] as const).map((name) => `(data (i32.const ${NAMES[name]}) "${LAYOUT[name]}")`).join("\n  ")}
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $must (if (i32.load8_u (i32.const 16)) (then unreachable)))
  (func $root (result i32)
    (call $directories (i32.const 16))
    (i32.load (i32.load (i32.const 16))))
  (func $opened (param $root i32) (param $path i32) (param $length i32) (param $flags i32) (result i32)
    (call $open (local.get $root) (i32.const 0) (local.get $path) (local.get $length) (i32.const 0)
      (local.get $flags) (i32.const 16))
    (call $must)
    (i32.load (i32.const 20)))
  (func $read-all (param $file i32) (param $size i32)
    (call $read (local.get $file) (i64.extend_i32_u (local.get $size)) (i64.const 0) (i32.const 16)) (call $must)
    (if (i32.ne (i32.load (i32.const 24)) (local.get $size)) (then unreachable)))
  ${Object.entries(LOOPS)
    .map(
      ([name, [once, again]]) => `
  (func (export "${name}") (param $rounds i32) (param $size i32) (result i64)
    (local $root i32) (local $it i32) (local $stream i32) (local $found i32) (local $since i64)
    ${once}
    (local.set $since (call $now))
    (loop $again
      (global.set $free (i32.const ${HEAP}))
      ${again}
      (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
    (i64.sub (call $now) (local.get $since)))`,
    )
    .join("")})`;

const C_SOURCE = `#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void must(int ok) { if (!ok) abort(); }

int main(int argc, char **argv) {
  must(argc == 4);
  const char *what = argv[1];
  long rounds = atol(argv[2]), size = atol(argv[3]);
  int fd = open("/${LAYOUT.bytes}", strcmp(what, "writes") == 0 ? O_RDWR : O_RDONLY);
  must(fd >= 0);
  long long since = now();
  for (long round = 0; round < rounds; round++) {
    if (strcmp(what, "opens") == 0) {
      int opened = open("/${LAYOUT.deep}", O_RDONLY);
      must(opened >= 0);
      close(opened);
    } else if (strcmp(what, "reads") == 0) {
      must(pread(fd, buffer, size, 0) == size);
    } else if (strcmp(what, "file-reads") == 0) {
      int opened = open("/${LAYOUT.bytes}", O_RDONLY);
      must(opened >= 0 && read(opened, buffer, size) == size);
      close(opened);
    } else if (strcmp(what, "writes") == 0) {
      must(pwrite(fd, buffer, size, 0) == size);
    } else {
      DIR *folder = opendir("/${LAYOUT.folder}");
      must(folder != NULL);
      long found = -2;
      while (readdir(folder) != NULL) found++;
      must(found == size);
      closedir(folder);
    }
  }
  printf("%lld\\n", now() - since);
  return 0;
}
`;
