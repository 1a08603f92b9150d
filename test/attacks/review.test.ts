import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { TEST_CACHE, textGuest } from "../support/guests.ts";

const run = promisify(execFile);

/**
 * Writes to stdout below as many calls of its own as it is told, and answers 0; 1 when the write throws. Nothing in it waits, so it
 * shares its stack with the host.
 */
const NESTED = `(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error-type (type $e))
    (export "error" (type (eq $e)))
    (export "output-stream" (type $out (sub resource)))
    (type $failure (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]output-stream.check-write"
      (func (param "self" (borrow $out)) (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output (type $o)) (export "output-stream" (type (eq $o)))
    (export "get-stdout" (func (result (own $o))))))
  (core module $libc (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $libc (instantiate $libc))
  (core func $check (canon lower (func $streams "[method]output-stream.check-write")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $write (canon lower (func $streams "[method]output-stream.write")
    (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core module $m
    (import "host" "check" (func $check (param i32 i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "stdout" (func $stdout (result i32)))
    (import "libc" "memory" (memory 1))
    (global $out (mut i32) (i32.const 0))
    (func $nest (param $left i32)
      (if (local.get $left)
        (then (call $nest (i32.sub (local.get $left) (i32.const 1))))
        (else (call $write (global.get $out) (i32.const 0) (i32.const 100) (i32.const 512)))))
    (func (export "f") (param $depth i32) (result i32)
      (global.set $out (call $stdout))
      (call $check (global.get $out) (i32.const 512))
      (block $caught (try_table (catch_all $caught) (call $nest (local.get $depth))) (return (i32.const 0)))
      (i32.const 1)))
  (core instance $i (instantiate $m (with "libc" (instance $libc))
    (with "host" (instance (export "check" (func $check)) (export "write" (func $write))
      (export "stdout" (func $stdout))))))
  (func (export "f") (param "depth" u32) (result u32) (canon lift (core func $i "f"))))`;

/** Finds how deep the guest can write from, and has it try from there on in small steps until its own stack is at its end. */
const SCRIPT = `
  const [guest, cache, entry] = process.argv.slice(1);
  const { Sandbox } = await import(entry);
  await using sandbox = await Sandbox.open(guest, { cache: { directory: cache }, limits: { maxStdoutBytes: 1_000_000 } });
  const works = async (depth) => {
    try { return (await sandbox.call("f", [depth])).value === 0; } catch (error) {
      if (error.code !== "trap") throw error;
      return false;
    }
  };
  for (let count = 0; count < 30; count += 1) await works(3_000);
  let [low, high] = [0, 1_000_000];
  while (high - low > 8) {
    const middle = (low + high) >> 1;
    if (await works(middle)) low = middle;
    else high = middle;
  }
  for (let depth = low - 600; depth < low + 600; depth += 3) await works(depth);
  if (!(await works(1))) throw new Error("it does not work any more");
  console.log("done");`;

test("a guest that leaves the host no stack to write with breaks nothing of the host's", async () => {
  const guest = await textGuest("nested-write", NESTED);
  const entry = pathToFileURL(new URL("../../src/sandbox/index.ts", import.meta.url).pathname).href;
  const { stdout, stderr } = await run(process.execPath, [
    "--input-type=module",
    "--eval",
    SCRIPT,
    guest,
    TEST_CACHE.directory,
    entry,
  ]);
  assert.equal(stdout, "done\n");
  // The engine reports promises that could not be rejected for want of stack there.
  assert.equal(stderr, "");
});
