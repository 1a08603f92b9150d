/** Guests that have the host make much out of little, and what the process takes for it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { GrantsInput, Limits } from "../../src/sandbox/index.ts";
import { textGuest } from "./guests.ts";

/** Calls of `f`, made one after the other in a process that does nothing else. */
export interface Attacks {
  /** Path of the component, whose `f` takes how many it is to be. */
  readonly source: string;
  /** What each call is given. */
  readonly parameters: readonly (readonly number[])[];
  /** What `f` is called with to no harm, before and after. */
  readonly harmless: number;
  readonly grants?: GrantsInput;
  readonly limits?: Partial<Limits>;
  /** The WIT type of the parameter of `acme:sink/sink#take`, where the guest imports it. */
  readonly taken?: string;
}

/** What became of a call. All sizes in bytes. */
export interface Attacked {
  /** The code of the error that it ended with, or `value`. */
  readonly code: string;
  readonly limit: string | undefined;
  readonly message: string;
  /** The same, of a harmless call after it. */
  readonly again: string;
  /** How far resident memory was above that before the call: at most, and at the end. */
  readonly peak: number;
  readonly after: number;
}

const CHILD = fileURLToPath(new URL("amplification-child.ts", import.meta.url));

/**
 * Makes the calls in a fresh process, where each thread collects its own garbage: those which the engine has for that get no turn on a
 * busy machine, and garbage would be taken for what is held.
 */
export async function attackedInTurn(attacks: Attacks): Promise<readonly Attacked[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--single-threaded-gc",
    CHILD,
    JSON.stringify(attacks),
  ]);
  return JSON.parse(stdout) as Attacked[];
}

/** Makes one call in a fresh process. */
export async function attacked({
  parameters,
  ...attack
}: Omit<Attacks, "parameters"> & { readonly parameters: readonly number[] }): Promise<Attacked> {
  const [only] = await attackedInTurn({ ...attack, parameters: [parameters] });
  if (only === undefined) throw new Error("the process made no call");
  return only;
}

/** What lies in the guest's memory, and how it is handed over. */
export interface Layout {
  /** The WIT type of the elements, in the text format. It may name $record, $variant, $flags, $handle. */
  readonly element: string;
  /** What each pointer of an element points at, and how long it says that is; pointers of elements are at each 8 bytes. */
  readonly inner?: { readonly length: number; readonly bytes?: string; readonly fill?: number } | undefined;
  /** As `inner`, of pointers that lie in what is pointed at. */
  readonly innermost?: { readonly length: number } | undefined;
  /** `utf16`, where strings are not in UTF-8. */
  readonly encoding?: string;
  /** Where the list goes: out as the result, or to a host function. */
  readonly to: "result" | "error" | "host";
  /** Pages of memory; default 200. */
  readonly pages?: number;
}

const TYPES = `
  (type $record (record (field "a" u8) (field "b" u8) (field "c" u8) (field "d" u8)))
  (type $variant (variant (case "x" u8) (case "y" string)))
  (type $flags (flags ${Array.from({ length: 32 }, (_, n) => `"flag-${n}"`).join(" ")}))
  (type $enum (enum "p" "q"))
  (type $named (record (field "${"a".repeat(4000)}" u8)))
  (type $long-enum (enum "${"b".repeat(4000)}" "${"c".repeat(4000)}"))`;
const NAMED = ["record", "variant", "flags", "enum", "named", "long-enum"];

/** Where the list is, what its elements point at, and what that points at. */
const [OUTER, INNER, INNERMOST] = [0x10_0000, 0x4_0000, 0x2_0000];

/** A guest whose `f` takes a count, and hands over a list of so many. */
export async function amplifying(layout: Layout): Promise<string> {
  const { element, inner, innermost, to, encoding = "utf8", pages = 200 } = layout;
  const options = `(memory (core memory $libc "memory")) (realloc (core func $libc "realloc")) string-encoding=${encoding}`;
  const taking = to === "host";
  const list = `(list ${element})`;
  const result = taking ? "" : to === "error" ? `(result (result (error ${list})))` : `(result ${list})`;
  const text = `(component
    (import "acme:sink/sink" (instance $sink
      ${TYPES}
      ${NAMED.map((name) => `(export "${name}-type" (type $${name}-type (eq $${name})))`).join("\n")}
      ${taking ? `(export "take" (func (param "given" ${list.replaceAll(/\$([\w-]+)/g, "$$$1-type")})))` : ""}))
    ${NAMED.map((name) => `(alias export $sink "${name}-type" (type $${name}))`).join("\n")}
    (core module $libc
      (memory (export "memory") ${pages})
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 16))
    (core instance $libc (instantiate $libc))
    ${taking ? `(core func $take (canon lower (func $sink "take") ${options}))` : ""}
    (core module $m
      (import "libc" "memory" (memory ${pages}))
      ${taking ? `(import "host" "take" (func $take (param i32 i32)))` : ""}
      ${inner?.bytes === undefined ? "" : `(data (i32.const ${INNER}) "${inner.bytes}")`}
      (func $pairs (param $at i32) (param $end i32) (param $pointer i32) (param $length i32)
        (loop $again
          (i32.store (local.get $at) (local.get $pointer))
          (i32.store offset=4 (local.get $at) (local.get $length))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br_if $again (i32.lt_u (local.get $at) (local.get $end)))))
      (func (export "f") (param $count i32) ${taking ? "" : "(result i32)"}
        ${inner?.fill === undefined ? "" : `(memory.fill (i32.const ${INNER + 3}) (i32.const ${inner.fill}) (i32.const ${OUTER - INNER - 3}))`}
        ${inner === undefined ? "" : `(call $pairs (i32.const ${OUTER}) (i32.add (i32.const ${OUTER}) (i32.shl (local.get $count) (i32.const 3))) (i32.const ${INNER}) (i32.const ${inner.length}))`}
        ${innermost === undefined ? "" : `(call $pairs (i32.const ${INNER}) (i32.const ${OUTER}) (i32.const ${INNERMOST}) (i32.const ${innermost.length}))`}
        ${
          taking
            ? `(call $take (i32.const ${OUTER}) (local.get $count))`
            : to === "error"
              ? `(i32.store8 (i32.const 0) (i32.const 1)) (i32.store (i32.const 4) (i32.const ${OUTER})) (i32.store (i32.const 8) (local.get $count)) (i32.const 0)`
              : `(i32.store (i32.const 0) (i32.const ${OUTER})) (i32.store (i32.const 4) (local.get $count)) (i32.const 0)`
        }))
    (core instance $i (instantiate $m (with "libc" (instance $libc)) ${taking ? `(with "host" (instance (export "take" (func $take))))` : ""}))
    (func (export "f") (param "count" u32) ${result} (canon lift (core func $i "f") ${options})))`;
  return textGuest("amplifying", text);
}
