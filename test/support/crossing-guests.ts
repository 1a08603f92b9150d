import "./built-workers.ts";
import { parseGrants } from "../../src/policy/parsing/parse-grants.ts";
import type { Program } from "../../src/runtime/messages.ts";
import type { Job } from "../../src/runtime/pending.ts";
import { HostFunctions } from "../../src/sandbox/host-functions/host-functions.ts";
import { loadProgram } from "../../src/sandbox/loading/program.ts";
import { beginReading } from "../../src/sandbox/loading/source.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/shared/limits/limits.ts";
import { TEST_CACHE } from "./guests.ts";
import { parse } from "./wasm-tools.ts";

const GRANTS = parseGrants({ custom: { take: true } }, { cwd: "/" });

const FUNCTIONS = new HostFunctions(
  [
    {
      interface: "acme:sink/sink",
      name: "take",
      type: "func(given: list<u8>)",
      capability: "take",
      call: () => undefined,
    },
    {
      interface: "acme:sink/sink",
      name: "take-later",
      type: "async func(given: list<u8>)",
      capability: "take",
      call: () => Promise.resolve(),
    },
    {
      interface: "acme:sink/sink",
      name: "take-fields",
      type: "func(fields: list<tuple<string, string>>, body: option<list<u8>>)",
      capability: "take",
      call: () => undefined,
    },
    { interface: "acme:sink/sink", name: "told", type: "func()", capability: "take", call: () => undefined },
  ],
  GRANTS.custom,
);

/** What such a function answers. */
export const DONE = { kind: "returned", value: undefined } as const;

const MEMORY = (bytes: number): string =>
  `(core module $memory (memory (export "memory") ${Math.ceil(bytes / 65_536) + 1})) (core instance $mem (instantiate $memory))`;

const SINK = `(import "acme:sink/sink" (instance $sink (export "take" (func (param "given" (list u8)))) (export "told" (func))))`;

/** Its `f` passes so many bytes to a function of the host. */
export function passing(bytes: number): string {
  return `(component ${SINK} ${MEMORY(bytes)}
    (core func $take (canon lower (func $sink "take") (memory (core memory $mem "memory"))))
    (core module $m (import "" "take" (func $take (param i32 i32))) (func (export "f") (call $take (i32.const 0) (i32.const ${bytes}))))
    (core instance $c (instantiate $m (with "" (instance (export "take" (func $take))))))
    (func (export "f") (canon lift (core func $c "f"))))`;
}

/** Its `f` passes a field of two short texts to a function of the host, and a body of so many bytes. */
export function passingFields(bytes: number): string {
  return `(component
    (import "acme:sink/sink" (instance $sink
      (export "take-fields" (func (param "fields" (list (tuple string string))) (param "body" (option (list u8)))))))
    ${MEMORY(bytes)}
    (core func $take (canon lower (func $sink "take-fields") (memory (core memory $mem "memory"))))
    (core module $m (import "" "take" (func $take (param i32 i32 i32 i32 i32))) (import "" "memory" (memory 1))
      (func (export "f")
        (i32.store (i32.const 4) (i32.const 16)) (i32.store (i32.const 12) (i32.const 16))
        (call $take (i32.const 0) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const ${bytes}))))
    (core instance $c (instantiate $m (with "" (instance (export "take" (func $take)) (export "memory" (memory $mem "memory"))))))
    (func (export "f") (canon lift (core func $c "f"))))`;
}

/**
 * Its `f` passes so many bytes to an asynchronous function of the host, without waiting for it. It answers with how far the call had come
 * at once when that has returned: 0 where it was not started, 1 where it was.
 */
export function passingBeside(bytes: number): string {
  return `(component
    (import "acme:sink/sink" (instance $sink (export "take-later" (func async (param "given" (list u8))))))
    ${MEMORY(bytes)}
    (core func $take (canon lower (func $sink "take-later") async (memory (core memory $mem "memory"))))
    (core func $return (canon task.return (result u32)))
    (core func $new (canon waitable-set.new))
    (core func $join (canon waitable.join))
    (core func $wait (canon waitable-set.wait (memory (core memory $mem "memory"))))
    (core module $m
      (import "" "take" (func $take (param i32 i32) (result i32))) (import "" "return" (func $return (param i32)))
      (import "" "new" (func $new (result i32))) (import "" "join" (func $join (param i32 i32)))
      (import "" "wait" (func $wait (param i32 i32) (result i32))) (import "" "memory" (memory 1))
      (func (export "f") (local $status i32) (local $set i32)
        (local.set $status (call $take (i32.const 0) (i32.const ${bytes})))
        (local.set $set (call $new))
        (call $join (i32.shr_u (local.get $status) (i32.const 4)) (local.get $set))
        (loop $on
          (drop (call $wait (local.get $set) (i32.const 0)))
          (br_if $on (i32.lt_u (i32.load (i32.const 4)) (i32.const 2))))
        (call $return (i32.and (local.get $status) (i32.const 15)))))
    (core instance $c (instantiate $m (with "" (instance
      (export "take" (func $take)) (export "return" (func $return)) (export "new" (func $new)) (export "join" (func $join))
      (export "wait" (func $wait)) (export "memory" (memory $mem "memory"))))))
    (func (export "f") async (result u32) (canon lift (core func $c "f") async (memory (core memory $mem "memory")))))`;
}

/**
 * Its `f` passes so many bytes to an asynchronous function of the host, so many times, without waiting for one of them. Then it tells the
 * host so, waits for all, and answers with how many there were.
 */
export function passingManyBeside(bytes: number, count: number): string {
  return `(component
    (import "acme:sink/sink" (instance $sink (export "take-later" (func async (param "given" (list u8)))) (export "told" (func))))
    ${MEMORY(bytes)}
    (core func $take (canon lower (func $sink "take-later") async (memory (core memory $mem "memory"))))
    (core func $told (canon lower (func $sink "told")))
    (core func $return (canon task.return (result u32)))
    (core func $new (canon waitable-set.new))
    (core func $join (canon waitable.join))
    (core func $wait (canon waitable-set.wait (memory (core memory $mem "memory"))))
    (core module $m
      (import "" "take" (func $take (param i32 i32) (result i32))) (import "" "return" (func $return (param i32)))
      (import "" "told" (func $told))
      (import "" "new" (func $new (result i32))) (import "" "join" (func $join (param i32 i32)))
      (import "" "wait" (func $wait (param i32 i32) (result i32))) (import "" "memory" (memory 1))
      (func (export "f") (local $set i32) (local $called i32) (local $open i32) (local $status i32)
        (local.set $set (call $new))
        (loop $on
          (local.set $status (call $take (i32.const 16) (i32.const ${bytes})))
          (if (i32.lt_u (i32.and (local.get $status) (i32.const 15)) (i32.const 2)) (then
            (local.set $open (i32.add (local.get $open) (i32.const 1)))
            (call $join (i32.shr_u (local.get $status) (i32.const 4)) (local.get $set))))
          (br_if $on (i32.lt_u (local.tee $called (i32.add (local.get $called) (i32.const 1))) (i32.const ${count}))))
        (call $told)
        (loop $on
          (drop (call $wait (local.get $set) (i32.const 0)))
          (if (i32.eq (i32.load (i32.const 4)) (i32.const 2)) (then (local.set $open (i32.sub (local.get $open) (i32.const 1)))))
          (br_if $on (local.get $open)))
        (call $return (local.get $called))))
    (core instance $c (instantiate $m (with "" (instance
      (export "take" (func $take)) (export "return" (func $return)) (export "told" (func $told)) (export "new" (func $new)) (export "join" (func $join))
      (export "wait" (func $wait)) (export "memory" (memory $mem "memory"))))))
    (func (export "f") async (result u32) (canon lift (core func $c "f") async (memory (core memory $mem "memory")))))`;
}

/** Its `f` returns a text of so many bytes. */
export function returning(bytes: number): string {
  return `(component ${MEMORY(bytes)}
    (core module $m (import "" "memory" (memory 1)) (func (export "f") (result i32)
      (memory.fill (i32.const 8) (i32.const 65) (i32.const ${bytes}))
      (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const ${bytes})) i32.const 0))
    (core instance $c (instantiate $m (with "" (instance $mem))))
    (func (export "f") (result string) (canon lift (core func $c "f") (memory (core memory $mem "memory")))))`;
}

/** Its `f` returns so many bytes and a stream. That has ended, or is never written to while `f` waits for what never comes. */
export function returningStream(bytes: number, hasEnded: boolean): string {
  const then = hasEnded
    ? "(call $drop (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))"
    : "(drop (call $wait (call $new) (i32.const 0)))";
  return `(component ${MEMORY(bytes)}
    (type $stream (stream u8)) (type $result (tuple (list u8) $stream))
    (core func $stream (canon stream.new $stream))
    (core func $drop (canon stream.drop-writable $stream))
    (core func $return (canon task.return (result $result) (memory (core memory $mem "memory"))))
    (core func $new (canon waitable-set.new))
    (core func $wait (canon waitable-set.wait (memory (core memory $mem "memory"))))
    (core module $m
      (import "" "stream" (func $stream (result i64))) (import "" "drop" (func $drop (param i32)))
      (import "" "return" (func $return (param i32 i32 i32)))
      (import "" "new" (func $new (result i32))) (import "" "wait" (func $wait (param i32 i32) (result i32)))
      (func (export "f") (local $ends i64)
        (local.set $ends (call $stream))
        (call $return (i32.const 64) (i32.const ${bytes}) (i32.wrap_i64 (local.get $ends)))
        ${then}))
    (core instance $c (instantiate $m (with "" (instance
      (export "stream" (func $stream)) (export "drop" (func $drop)) (export "return" (func $return)) (export "new" (func $new))
      (export "wait" (func $wait))))))
    (func (export "f") async (result $result) (canon lift (core func $c "f") async (memory (core memory $mem "memory")))))`;
}

/** Its `f` answers with a text of so many bytes by `task.return`, then tells the host, and waits for that. */
export function answering(bytes: number): string {
  return `(component ${SINK} ${MEMORY(bytes)}
    (core func $return (canon task.return (result string) (memory (core memory $mem "memory"))))
    (core func $told (canon lower (func $sink "told")))
    (core module $m (import "" "return" (func $return (param i32 i32))) (import "" "told" (func $told))
      (func (export "f") (call $return (i32.const 0) (i32.const ${bytes})) (call $told)))
    (core instance $c (instantiate $m (with "" (instance (export "return" (func $return)) (export "told" (func $told))))))
    (func (export "f") async (result string) (canon lift (core func $c "f") async (memory (core memory $mem "memory")))))`;
}

/** Loads one of them for a pool. */
export async function loaded(text: string): Promise<Program> {
  const load = { signal: new AbortController().signal, hold: () => undefined };
  const options = { cache: TEST_CACHE };
  const { program } = await loadProgram(beginReading(await parse(text)), options, FUNCTIONS.descriptors, load);
  return program;
}

/** A call of `f`; an instance that stays, when it is not to be called at once. */
export function jobOf(
  program: Program,
  part: Partial<Job> & {
    readonly limits?: Partial<Limits>;
    readonly stays?: boolean;
    readonly parameters?: readonly unknown[];
  } = {},
): Job {
  const { limits, stays = false, parameters = [], ...rest } = part;
  return {
    program,
    invocation: {
      programId: program.id,
      generation: 1,
      ...(stays ? {} : { target: ["f"] }),
      parameters,
      programArguments: ["guest"],
      grants: GRANTS,
      limits: { ...DEFAULT_LIMITS, ...limits },
    },
    observe: () => undefined,
    ...rest,
  };
}
