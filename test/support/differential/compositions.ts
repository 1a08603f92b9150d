import type { WitType } from "../../../src/shared/wit/wit.ts";
import { Chance } from "./chance.ts";
import { allocator, Copier, type Realloc, REALLOCS, storeFlat } from "./guest-code.ts";
import { Layout } from "./layout.ts";
import { type CoreConstant, type Encoding, ENCODINGS, MemoryImage } from "./memory-image.ts";
import { randomType } from "./random-types.ts";
import { randomValue } from "./random-values.ts";
import { TypeText } from "./type-text.ts";

/** One to three components in a row, the first of which exports a function, and a call of it. */
export interface Composition {
  /** What there is to be said of it when it differs. */
  readonly how: string;
  /** Its definitions in a component that holds several, and exports their functions. */
  readonly text: string;
  /** The same where each function is exported in an instance, with its types. */
  readonly asInterface: string;
  /** The name of the function. */
  readonly name: string;
  readonly parameters: readonly WitType[];
  readonly result: WitType;
  readonly given: readonly unknown[];
  /** What it needs of those that it is given to. */
  readonly needs: ReadonlySet<"memory64" | "memory64-outside" | "memory64-latin1" | "fixed-length-lists" | "encodings">;
}

/** What passes: values from the caller and back; what the last component made up; what the first made up, to the others and back. */
const KINDS = ["echo", "echo", "answer", "send"] as const;

/** The encodings of a composition's components. */
const ENCODINGS_OF: readonly [Shared["encodings"], Shared["encodings"]] = [["utf8"], ENCODINGS];

/** The most parameters and results that are passed as core values. */
const [MOST_PARAMETERS, MOST_RESULTS] = [16, 1];

/** What is the same in all components of a composition. */
interface Shared {
  readonly kind: (typeof KINDS)[number];
  readonly chance: Chance;
  readonly types: readonly WitType[];
  readonly result: WitType;
  readonly values: readonly unknown[];
  readonly lies: number;
  readonly names: TypeText;
  readonly encodings: readonly [Encoding, ...Encoding[]];
}

/** The composition of a seed and an index; the same gives the same. */
export function compositionAt(seed: number, index: number): Composition {
  const chance = new Chance(seed * 2 ** 20 + index, "compositions");
  const kind = chance.pick(KINDS);
  // Few of them, since one of the peers has none of either.
  // Scripts cannot give lists of fixed length.
  const fixedLists = kind !== "echo" && chance.in100(12);
  const [wide, encodings] = [chance.in100(20), chance.pick(ENCODINGS_OF)];
  const count = chance.in100(75) ? 1 : 1 + chance.below(5);
  const types = chance.list(count, () => inTuple(randomType(chance, 1 + chance.below(3), fixedLists)));
  const [only] = types;
  // A function that returns a result has another shape in JavaScript.
  const result: WitType =
    types.length === 1 && only !== undefined && only.kind !== "result" ? only : { kind: "tuple", elements: types };
  const shared: Shared = {
    kind,
    chance,
    types,
    result,
    values: types.map((type) => randomValue(chance, type)),
    lies: kind === "echo" ? 0 : chance.pick([0, 3, 10, 40]),
    names: new TypeText(types),
    encodings,
  };
  const length = 1 + chance.below(3) + (kind === "send" ? 1 : 0);
  const pointers = chance.list(length, () => (wide && chance.in100(60) ? "i64" : "i32"));
  const components = pointers.map((pointer, at) =>
    component(shared, new Layout(pointer), { index, at, isLast: at === length - 1 }),
  );
  const instances = components
    .map((_, at) => {
      const next = at === length - 1 ? "" : `(with "g" (func $i${index}-${at + 1} "f"))`;
      return `(instance $i${index}-${at} (instantiate $c${index}-${at} ${shared.names.arguments(index)} ${next}))`;
    })
    .reverse();
  const name = `f${index}`;
  const signature = functionText(shared, `$x${index}-`, true);
  const members = [...components.map((one) => one.text), ...instances].join("\n");
  const exported = `(export "f" (func $i${index}-0 "f"))`;
  return {
    how: `#${index} of seed ${seed}, ${kind}, lies ${shared.lies}: ${components.map((one) => one.how).join(" > ")}`,
    text: `${shared.names.exported(index)} ${members} (export "${name}" (func $i${index}-0 "f") (func ${signature}))`,
    asInterface: `${shared.names.defined(index)} ${members}
      (instance $e${index} ${shared.names.parts(index)} ${exported}) (export "test:${name}/api" (instance $e${index}))`,
    name,
    parameters: kind === "echo" ? types : [],
    result,
    given: kind === "echo" ? shared.values : [],
    needs: new Set([
      ...(pointers.includes("i64") ? (["memory64"] as const) : []),
      ...(pointers[0] === "i64" ? (["memory64-outside"] as const) : []),
      ...(components.some((one) => one.how.startsWith("latin1+utf16 i64")) ? (["memory64-latin1"] as const) : []),
      ...(fixedLists ? (["fixed-length-lists"] as const) : []),
      ...(encodings.length > 1 ? (["encodings"] as const) : []),
    ]),
  };
}

/** Floats by themselves are no component values in scripts. */
function inTuple(type: WitType): WitType {
  return type.kind === "f32" || type.kind === "f64" ? { kind: "tuple", elements: [type] } : type;
}

/** The parameters and result of the function that is exported, or of the one that takes the values where that makes them up. */
function functionText({ kind, types, result, names }: Shared, prefix: string, isFirst: boolean): string {
  const takes = kind === "echo" || (kind === "send" && !isFirst);
  const parameters = takes ? types.map((type, index) => `(param "p${index}" ${names.of(type, prefix)})`) : [];
  return [...parameters, `(result ${names.of(result, prefix)})`].join(" ");
}

interface Place {
  readonly index: number;
  /** Its position in the composition. */
  readonly at: number;
  readonly isLast: boolean;
}

function component(
  shared: Shared,
  layout: Layout,
  { index, at, isLast }: Place,
): { readonly text: string; readonly how: string } {
  const { chance, kind, names } = shared;
  const encoding = chance.pick(shared.encodings);
  const realloc: Realloc = chance.in100(85) ? "allocates" : chance.pick(REALLOCS);
  const postReturn = chance.pick(["none", "none", "returns", "traps"] as const);
  const posts = postReturn === "traps" && chance.in100(80) ? "none" : postReturn;
  const image = new MemoryImage(layout, encoding, { chance, lies: shared.lies });
  const makesUp = (kind === "answer" && isLast) || (kind === "send" && at === 0);
  const core = new CoreFunction(shared, layout, encoding);
  const takes = kind === "echo" || (kind === "send" && at > 0);
  const body =
    makesUp && kind === "answer"
      ? core.answer(image)
      : makesUp
        ? core.send(image)
        : isLast
          ? core.echo()
          : core.forward(takes);
  const options = `(memory (core memory $libc "mem")) (realloc (core func $libc "realloc")) string-encoding=${encoding}`;
  const prefix = `$n`;
  const results = core.results().join(" ");
  const post =
    posts === "none" ? "" : `(func (export "post") (param ${results}) ${posts === "traps" ? "unreachable" : ""})`;
  const inner = isLast ? "" : `(import "g" (func $g ${functionText(shared, prefix, false)}))`;
  const lowered = isLast ? "" : `(core func $g (canon lower (func $g) ${options}))`;
  return {
    how: `${encoding} ${layout.pointer} ${realloc}${posts === "none" ? "" : `, post-return ${posts}`}`,
    text: `(component $c${index}-${at}
      ${names.imported(prefix)}
      ${inner}
      ${allocator(layout.pointer, image.bytes, realloc)}
      ${lowered}
      (core module $main
        (import "libc" "mem" (memory ${layout.pointer === "i64" ? "i64 " : ""}1))
        (import "libc" "alloc" (func $alloc (param ${layout.pointer} ${layout.pointer}) (result ${layout.pointer})))
        ${isLast ? "" : `(import "" "g" (func $g ${core.lowered(takes || kind === "send")}))`}
        ${core.functions}
        (func (export "f") ${core.signature(takes)} (local $to ${layout.pointer}) (local $copy ${layout.pointer})
          ${body})
        ${post})
      (core instance $main (instantiate $main (with "libc" (instance $libc))
        ${isLast ? "" : `(with "" (instance (export "g" (func $g))))`}))
      (func (export "f") ${functionText(shared, prefix, at === 0)}
        (canon lift (core func $main "f") ${options}
          ${posts === "none" ? "" : `(post-return (core func $main "post"))`})))`,
  };
}

/** The core function of one component. */
class CoreFunction {
  readonly #shared: Shared;
  readonly #layout: Layout;
  readonly #copier: Copier;

  constructor(shared: Shared, layout: Layout, encoding: Encoding) {
    this.#shared = shared;
    this.#layout = layout;
    this.#copier = new Copier(layout, encoding);
  }

  get functions(): string {
    return this.#copier.functions;
  }

  get #flat(): readonly string[] {
    return this.#shared.types.flatMap((type) => this.#layout.flat(type));
  }

  get #isSpilled(): boolean {
    return this.#flat.length > MOST_PARAMETERS;
  }

  get #returnsPointer(): boolean {
    return this.#layout.flat(this.#shared.result).length > MOST_RESULTS;
  }

  #parameters(takes: boolean): readonly string[] {
    if (!takes) return [];
    return this.#isSpilled ? [this.#layout.pointer] : this.#flat;
  }

  results(): readonly string[] {
    return this.#returnsPointer ? [this.#layout.pointer] : this.#layout.flat(this.#shared.result);
  }

  signature(takes: boolean): string {
    const named = this.#parameters(takes).map((core, index) => `(param $p${index} ${core})`);
    return `${named.join(" ")} (result ${this.results().join(" ")})`;
  }

  /** The type of what it calls. */
  lowered(takes: boolean): string {
    const pointer = this.#returnsPointer ? [this.#layout.pointer] : [];
    const parameters = [...this.#parameters(takes), ...pointer];
    const param = parameters.length === 0 ? "" : `(param ${parameters.join(" ")})`;
    return `${param} ${this.#returnsPointer ? "" : `(result ${this.results().join(" ")})`}`;
  }

  #allocated(): string {
    const { size, align } = this.#ofResult();
    const p = this.#layout.pointer;
    return `(call $alloc (${p}.const ${align}) (${p}.const ${size}))`;
  }

  #ofResult(): { readonly size: number; readonly align: number } {
    const { result } = this.#shared;
    return { size: this.#layout.size(result), align: this.#layout.align(result) };
  }

  #given(): readonly string[] {
    return this.#parameters(true).map((_, index) => `(local.get $p${index})`);
  }

  /** Calls the next component with these core values, and gives what it gives. */
  #call(values: readonly string[]): string {
    if (!this.#returnsPointer) return `(call $g ${values.join(" ")})`;
    return `(local.set $to ${this.#allocated()}) (call $g ${values.join(" ")} (local.get $to)) ${this.#copied()}`;
  }

  /** What lies at `$to`, or a copy of it. */
  #copied(): string {
    const { chance, result } = this.#shared;
    if (chance.in100(40)) return "(local.get $to)";
    return `(local.set $copy ${this.#allocated()})
      ${this.#copier.copy(result, "(local.get $to)", "(local.get $copy)")} (local.get $copy)`;
  }

  /** Passes what it takes to the next component, if it takes anything. */
  forward(takes: boolean): string {
    return this.#call(takes ? this.#given() : []);
  }

  /** Gives back what it takes. */
  echo(): string {
    const given = this.#given();
    if (!this.#returnsPointer) return given[0] ?? "";
    if (this.#isSpilled) return `(local.set $to ${given[0] ?? ""}) ${this.#copied()}`;
    const { types } = this.#shared;
    const tuple: WitType = { kind: "tuple", elements: types };
    return `(local.set $to ${this.#allocated()}) ${storeFlat(this.#layout, tuple, given, 0)} ${this.#copied()}`;
  }

  /** Gives values of its own making. */
  answer(image: MemoryImage): string {
    const { types, values, result } = this.#shared;
    if (this.#returnsPointer) return `(${this.#layout.pointer}.const ${image.place(types, values)})`;
    const [value] = image.flatten(result, result.kind === "tuple" && types[0] !== result ? values : values[0]);
    return value === undefined ? "" : constant(value);
  }

  /** Passes values of its own making to the next component. */
  send(image: MemoryImage): string {
    const { types, values } = this.#shared;
    if (this.#isSpilled) return this.#call([`(${this.#layout.pointer}.const ${image.place(types, values)})`]);
    return this.#call(types.flatMap((type, index) => image.flatten(type, values[index]).map(constant)));
  }
}

function constant({ type, bits }: CoreConstant): string {
  if (type === "f32") return `(f32.reinterpret_i32 (i32.const ${bits}))`;
  if (type === "f64") return `(f64.reinterpret_i64 (i64.const ${bits}))`;
  return `(${type}.const ${bits})`;
}
