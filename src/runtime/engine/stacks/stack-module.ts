import type { CoreType } from "../../../shared/plan/plan.ts";
import { type CoreSignature, signatureKey } from "../core-signature.ts";

const CODE_OF: Readonly<Record<CoreType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
const PREAMBLE: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const [TYPE, IMPORT, FUNCTION, EXPORT, CODE] = [1, 2, 3, 7, 10];
const [FUNCTION_TYPE, NULLABLE_REFERENCE] = [0x60, 0x63];

/** What a module of {@link stackModule} imports and exports. Names are short, since they are made for every program. */
export interface StackModule {
  readonly bytes: Uint8Array;
  /** The results of functions that may suspend; each has a function that waits. `""` stands for none. */
  readonly waits: readonly (CoreType | undefined)[];
  /** The results of functions that are called on a stack of their own; each has a function that is told of them. */
  readonly dones: readonly (CoreType | undefined)[];
}

/**
 * A module with what only WebAssembly can do between guests and the engine:
 *
 * - a function for each of `suspending`, to be imported by guests. It calls the JavaScript function `f`, and only if that says
 *   so, by the global `p`, the one that suspends the stack. The engine suspends a stack for every call of a function that may
 *   suspend it, also for one that has its answer at once. What is thrown becomes a trap, which guests cannot catch. Where there are
 *   stacks of calls between components, `s` checks before that how deep the one is that is suspended; see `stack-depth.ts`:
 *
 *       (func (export "f0") (param ...) (result ...)
 *         (local.set $r (call $f (local.get 0) ...))
 *         (if (global.get $p) (then
 *           (call $s)
 *           (block $caught (try_table (catch_all $caught) (local.set $r (call $w))  (br 1)) ) unreachable))
 *         (local.get $r))
 *
 * - a function for each of `called`, which calls the core function that it is given and tells the result at once. The promise
 *   that the engine gives for a stack settles later, when the guest that called may have gone on:
 *
 *       (func (export "c0") (param $callee (ref null $f)) (param ...) (call_ref $f (local.get 1) ... (local.get $callee)) (call $done))
 */
export function stackModule(suspending: readonly CoreSignature[], called: readonly CoreSignature[]): StackModule {
  const types = new TypeList();
  const [waits, dones] = [resultsOf(suspending), resultsOf(called)];
  const imports = [
    ...suspending.map((one, index) => importedFunction("f", index, types.of(one))),
    ...waits.map((result, index) => importedFunction("w", index, types.of({ parameters: [], result }))),
    ...dones.map((result, index) =>
      importedFunction("d", index, types.of({ parameters: result === undefined ? [] : [result], result: undefined })),
    ),
  ];
  const hasCheck = called.length > 0;
  if (hasCheck) {
    imports.push([...name("m"), ...name("s"), 0, ...leb(types.of({ parameters: [], result: undefined }))]);
  }
  const functions = imports.length;
  const check = hasCheck ? [0x10, ...leb(functions - 1)] : [];
  const global = [...name("m"), ...name("p"), 3, CODE_OF.i32, 1];
  const own: number[][] = [];
  const bodies: number[][] = [];
  for (const [index, one] of suspending.entries()) {
    own.push(leb(types.of(one)));
    bodies.push(suspendingBody(one, index, suspending.length + waits.indexOf(one.result), check));
  }
  for (const one of called) {
    const target = types.of(one);
    own.push(leb(types.taking(target, one)));
    bodies.push(callingBody(one, target, suspending.length + waits.length + dones.indexOf(one.result)));
  }
  const exports = [
    ...suspending.map((_one, index) => [...name(`f${index}`), 0, ...leb(functions + index)]),
    ...called.map((_one, index) => [...name(`c${index}`), 0, ...leb(functions + suspending.length + index)]),
  ];
  const bytes = Uint8Array.from([
    ...PREAMBLE,
    ...section(TYPE, types.entries),
    ...section(IMPORT, [...imports, global]),
    ...section(FUNCTION, own),
    ...section(EXPORT, exports),
    ...section(
      CODE,
      bodies.map((body) => [...leb(body.length), ...body]),
    ),
  ]);
  return { bytes, waits, dones };
}

/** What stands before and after the call that waits, in {@link suspendingBody}. */
const IF_WAITING: readonly number[] = [0x23, 0, 0x04, 0x40];
const WAITING: readonly number[] = [0x02, 0x40, 0x02, 0x40, 0x1f, 0x40, 1, 2, 0];
const WAITED: readonly number[] = [0x0c, 2, 0x0b, 0x00, 0x0b, 0x00, 0x0b, 0x0b];

/** What functions answer, each type once. */
function resultsOf(signatures: readonly CoreSignature[]): readonly (CoreType | undefined)[] {
  return [...new Set(signatures.map(({ result }) => result))];
}

function suspendingBody(
  { parameters, result }: CoreSignature,
  call: number,
  wait: number,
  check: readonly number[],
): number[] {
  const kept = parameters.length;
  const keep = result === undefined ? [] : [0x21, ...leb(kept)];
  return [
    ...(result === undefined ? [0] : [1, 1, CODE_OF[result]]),
    ...parameters.flatMap((_type, index) => [0x20, ...leb(index)]),
    0x10,
    ...leb(call),
    ...keep,
    ...IF_WAITING,
    ...check,
    // block $on; block $caught; try_table (catch_all $caught); call, set, br $on; end; unreachable? end; unreachable; end; end
    ...WAITING,
    0x10,
    ...leb(wait),
    ...keep,
    ...WAITED,
    ...(result === undefined ? [] : [0x20, ...leb(kept)]),
    0x0b,
  ];
}

function callingBody({ parameters }: CoreSignature, target: number, done: number): number[] {
  const load = parameters.flatMap((_type, index) => [0x20, ...leb(index + 1)]);
  return [0, ...load, 0x20, 0, 0x14, ...leb(target), 0x10, ...leb(done), 0x0b];
}

/** The index of a type as a heap type: a signed number of 33 bits (core specification 5.3.3), in one byte more than {@link leb} where that would read as a negative one. */
function heapType(index: number): number[] {
  const bytes = leb(index);
  const last = bytes.at(-1) ?? 0;
  return (last & 0x40) === 0 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0];
}

/** The types of a module, each once. */
class TypeList {
  readonly entries: number[][] = [];
  readonly #known = new Map<string, number>();

  of({ parameters, result }: CoreSignature): number {
    const given = result === undefined ? [] : [CODE_OF[result]];
    return this.#add(signatureKey({ parameters, result }), [
      FUNCTION_TYPE,
      ...leb(parameters.length),
      ...parameters.map((type) => CODE_OF[type]),
      given.length,
      ...given,
    ]);
  }

  /** The type of a function that takes a reference to a function of type `target`, and what that takes. */
  taking(target: number, { parameters }: CoreSignature): number {
    return this.#add(`ref ${target}`, [
      FUNCTION_TYPE,
      ...leb(parameters.length + 1),
      NULLABLE_REFERENCE,
      ...heapType(target),
      ...parameters.map((type) => CODE_OF[type]),
      0,
    ]);
  }

  #add(key: string, entry: number[]): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.entries.length);
    return this.entries.push(entry) - 1;
  }
}

function importedFunction(letter: string, index: number, type: number): number[] {
  return [...name("m"), ...name(`${letter}${index}`), 0, ...leb(type)];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text)];
}

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  const content = [...leb(entries.length), ...entries.flat()];
  return [id, ...leb(content.length), ...content];
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
