import type {
  CanonOptions,
  CoreItem,
  Plan,
  PlanCoreFunction,
  PlanFunction,
  PlanFunctionType,
  TypeIndex,
} from "../../shared/plan/plan.ts";
import { partsOfPlanType } from "../../shared/plan/plan-parts.ts";
import { type FunctionShape, functionShape, ValueRow } from "../abi/function-shape.ts";
import { Elements } from "../abi/list-codec.ts";
import { POINTERS_32, POINTERS_64 } from "../abi/pointers.ts";
import { Codecs } from "../abi/prepare-codecs.ts";
import { coreMaySuspend, maySuspend } from "./stacks/may-suspend.ts";
import {
  CALLBACK_SIGNATURE,
  type CoreSignature,
  liftSignature,
  signatureKey,
  suspendingSignature,
} from "./core-signature.ts";
import { LimitReached } from "./limit-reached.ts";
import { type StackModule, stackModule } from "./stacks/stack-module.ts";

/** A function that a component instance lifts, or a destructor as one. */
export interface PreparedLift {
  readonly instance: number;
  readonly core: CoreItem;
  readonly shape: FunctionShape;
  readonly options: CanonOptions;
  /** The plan's index of the result's type. */
  readonly result: TypeIndex | undefined;
  /** Whether its result may be of any size. */
  readonly mayReturnMuch: boolean;
}

/**
 * The most types of functions that may wait, or that are called where something may. The engine keeps each until its process ends, as
 * it does those that core modules declare, which are counted when they are loaded.
 */
const MAX_SIGNATURES = 256;

/** Options of functions that need no memory. */
const NO_OPTIONS: CanonOptions = { encoding: "utf8", memory64: false, async: false };

/** How much of a stream the embedder takes at once: bytes of numbers, or values of any other kind. */
const MAX_BYTES_AT_ONCE = 65_536;
const MAX_VALUES_AT_ONCE = 16;

/** Element types of which streams and futures may be read and written by one component instance. */
const PLAIN_ELEMENTS: ReadonlySet<string> = new Set([
  "u8",
  "s8",
  "u16",
  "s16",
  "u32",
  "s32",
  "u64",
  "s64",
  "f32",
  "f64",
]);

/** A plan with all that is the same for each of its instances. Made once for a program on each thread. */
export class PreparedPlan {
  readonly plan: Plan;
  /** Whether a component instance may have its stacks suspended, by index. */
  readonly maySuspend: readonly boolean[];
  /** The `canon` functions that may suspend the stack that calls them, by their indices in the plan. */
  readonly suspending: readonly number[];
  /** The types of core functions that are called on a stack of their own. */
  readonly called: readonly CoreSignature[];
  /** Its types are the component's. Absent where no stack of a guest that another guest called is ever suspended. */
  readonly stack: StackModule | undefined;
  readonly #positions: ReadonlyMap<number, number>;
  readonly #codecs32: Codecs;
  readonly #codecs64: Codecs;
  readonly #handles = new Map<PlanFunctionType, { readonly takes: boolean; readonly gives: boolean }>();
  #withHandles: readonly boolean[] | undefined;
  readonly #shapes = new Map<PlanFunctionType, FunctionShape>();
  readonly #shapes64 = new Map<PlanFunctionType, FunctionShape>();
  readonly #holdStream: (boolean | undefined)[] = [];
  readonly #lifts: (PreparedLift | undefined)[] = [];
  readonly #destructors: (PreparedLift | undefined)[] = [];
  readonly #large = new Map<TypeIndex, boolean>();

  /** @param blocks Whether the host's function of that path may answer later. */
  constructor(plan: Plan, blocks: (path: readonly string[]) => boolean) {
    this.plan = plan;
    this.#codecs32 = new Codecs(plan.types, POINTERS_32);
    this.#codecs64 = new Codecs(plan.types, POINTERS_64);
    this.maySuspend = maySuspend(plan, blocks);
    const imported = importedByGuests(plan);
    this.suspending = plan.coreFunctions.flatMap((core, index) =>
      imported.has(index) && (coreMaySuspend(plan, core, this.maySuspend, blocks) || this.#answersMuch(core))
        ? [index]
        : [],
    );
    this.#positions = new Map(this.suspending.map((index, position) => [index, position]));
    this.called = this.#calledOnStacks(imported);
    const signatures = this.suspending.map((index) => this.signatureOf(index));
    const kinds = new Set([...signatures, ...this.called].map((one) => signatureKey(one))).size;
    if (kinds > MAX_SIGNATURES) {
      throw new LimitReached(
        "complexity",
        { cap: MAX_SIGNATURES, used: kinds },
        `it has ${kinds} kinds of calls that may wait`,
      );
    }
    this.stack = signatures.length === 0 ? undefined : stackModule(signatures, this.called);
  }

  /** Where a `canon` function is among those that may suspend; undefined when it is none, or no guest imports it. */
  suspendingPosition(index: number): number | undefined {
    return this.#positions.get(index);
  }

  /** The type of a `canon` function that may suspend. */
  signatureOf(index: number): CoreSignature {
    const core = this.plan.coreFunctions[index];
    if (core === undefined) throw new Error(`the plan has no core function ${index}`);
    return suspendingSignature(this, core);
  }

  codecs({ memory64 }: { readonly memory64: boolean }): Codecs {
    return memory64 ? this.#codecs64 : this.#codecs32;
  }

  /** The shape of a function's type where it is lifted or lowered with these options. */
  shape(type: number, options: { readonly memory64: boolean }): FunctionShape {
    const declared = this.plan.functionTypes[type];
    if (declared === undefined) throw new Error(`the plan has no function type ${type}`);
    const shapes = options.memory64 ? this.#shapes64 : this.#shapes;
    const known = shapes.get(declared);
    if (known !== undefined) return known;
    const made = functionShape(declared, this.codecs(options));
    shapes.set(declared, made);
    return made;
  }

  /** Whether there may be handles in what a function takes, and in what it gives. */
  handlesOf(type: number): { readonly takes: boolean; readonly gives: boolean } {
    const declared = this.plan.functionTypes[type];
    if (declared === undefined) throw new Error(`the plan has no function type ${type}`);
    const known = this.#handles.get(declared);
    if (known !== undefined) return known;
    const made = {
      takes: declared.parameters.some((parameter) => this.#holdsHandles(parameter.type)),
      gives: declared.result !== undefined && this.#holdsHandles(declared.result),
    };
    this.#handles.set(declared, made);
    return made;
  }

  #holdsHandles(index: TypeIndex): boolean {
    return (this.#withHandles ??= typesWithHandles(this.plan))[index] !== false;
  }

  /** A component function of the plan. */
  function(index: number): PlanFunction {
    const found = this.plan.functions[index];
    if (found === undefined) throw new Error(`the plan has no function ${index}`);
    return found;
  }

  /** A function that is lifted; undefined for one of the host's. */
  lift(index: number): PreparedLift | undefined {
    const found = this.function(index);
    if (found.from === "import") return undefined;
    const { instance, core, options, type } = found;
    const result = this.plan.functionTypes[type]?.result;
    return (this.#lifts[index] ??= {
      instance,
      core,
      options,
      result,
      shape: this.shape(type, options),
      mayReturnMuch: this.mayBeLarge(result),
    });
  }

  /** The destructor of a resource, as a function of one number that gives nothing. */
  destructor(resource: number): PreparedLift | undefined {
    const found = this.plan.resources[resource];
    if (found?.from !== "definition" || found.destructor === undefined) return undefined;
    const { instance, destructor, rep64 } = found;
    return (this.#destructors[resource] ??= {
      instance,
      core: destructor,
      options: NO_OPTIONS,
      result: undefined,
      mayReturnMuch: false,
      shape: functionShape(
        { parameters: [{ name: "rep", type: 0 }], async: false },
        new Codecs([{ kind: rep64 ? "s64" : "s32" }], POINTERS_32),
      ),
    });
  }

  /** Whether values of a type may be of any size. */
  mayBeLarge(type: TypeIndex | undefined): boolean {
    if (type === undefined) return false;
    let known = this.#large.get(type);
    if (known === undefined) {
      known = this.#isLarge(type);
      this.#large.set(type, known);
    }
    return known;
  }

  #isLarge(index: TypeIndex): boolean {
    const type = this.plan.types[index];
    switch (type?.kind) {
      case "string":
      case "list":
      case "map":
        return true;
      case "record":
        return type.fields.some((field) => this.mayBeLarge(field.type));
      case "tuple":
        return type.elements.some((element) => this.mayBeLarge(element));
      case "variant":
        return type.cases.some((one) => this.mayBeLarge(one.type));
      case "option":
        return this.mayBeLarge(type.element);
      case "result":
        return this.mayBeLarge(type.ok) || this.mayBeLarge(type.err);
      default:
        return false;
    }
  }

  /** Whether what it is told may have to wait until there is room for it, when it is for the embedder. */
  #answersMuch(core: PlanCoreFunction): boolean {
    return core.kind === "task.return" && this.mayBeLarge(core.result);
  }

  /** How a result is passed to `task.return`. */
  resultRow(result: TypeIndex | undefined, options: { readonly memory64: boolean }): ValueRow {
    return new ValueRow(result === undefined ? [] : [result], this.codecs(options));
  }

  /** How elements of a stream or future lie in memory; undefined when they have no content. */
  elements(type: TypeIndex, options: { readonly memory64: boolean }): Elements | undefined {
    const element = this.#elementOf(type);
    const kind = element === undefined ? undefined : this.plan.types[element]?.kind;
    if (element === undefined || kind === undefined) return undefined;
    return new Elements(this.codecs(options).of(element), kind);
  }

  /** Whether values of a type hold streams or futures. */
  holdsStream(type: TypeIndex): boolean {
    return (this.#holdStream[type] ??= this.#findStream(type));
  }

  #findStream(index: TypeIndex): boolean {
    const type = this.plan.types[index];
    if (type === undefined) return false;
    if (type.kind === "stream" || type.kind === "future") return true;
    return partsOfPlanType(type).some((part) => part !== undefined && this.holdsStream(part));
  }

  /** Whether elements of a stream or future have content. */
  hasContent(type: TypeIndex): boolean {
    return this.#elementOf(type) !== undefined;
  }

  /** How many elements of a stream the embedder takes at once: more of numbers, which take up no more than they have of content. */
  elementsAtOnce(type: TypeIndex): number {
    const element = this.#elementOf(type);
    if (element === undefined || !this.isPlain(type)) return MAX_VALUES_AT_ONCE;
    return MAX_BYTES_AT_ONCE / this.#codecs32.of(element).size;
  }

  /** Whether elements of a stream or future are numbers or nothing. */
  isPlain(type: TypeIndex): boolean {
    const element = this.#elementOf(type);
    return element === undefined || PLAIN_ELEMENTS.has(this.plan.types[element]?.kind ?? "");
  }

  #calledOnStacks(imported: ReadonlySet<number>): readonly CoreSignature[] {
    const found = new Map<string, CoreSignature>();
    const add = (signature: CoreSignature): void => void found.set(signatureKey(signature), signature);
    for (const [index, core] of this.plan.coreFunctions.entries()) {
      if (!imported.has(index)) continue;
      const lift = core.kind === "lower" ? this.lift(core.function) : undefined;
      const called = core.kind === "resource.drop" ? this.destructor(core.resource) : lift;
      if (called === undefined || this.maySuspend[called.instance] !== true) continue;
      add(liftSignature(called));
      if (called.options.callback !== undefined) add(CALLBACK_SIGNATURE);
    }
    return [...found.values()];
  }

  #elementOf(type: TypeIndex): TypeIndex | undefined {
    const found = this.plan.types[type];
    return found?.kind === "stream" || found?.kind === "future" ? found.element : undefined;
  }
}

/** The `canon` functions that core instances are made with. A component may define any number besides, which nobody can call. */
function importedByGuests(plan: Plan): ReadonlySet<number> {
  const found = new Set<number>();
  for (const step of plan.steps) {
    if (step.step !== "instantiate") continue;
    for (const { item } of step.arguments) if (item.from === "canon") found.add(item.index);
  }
  return found;
}

/** Which types may hold handles, by index. Types refer to earlier ones only. */
function typesWithHandles({ types }: Plan): readonly boolean[] {
  const found: boolean[] = [];
  const any = (...indices: readonly (TypeIndex | undefined)[]): boolean =>
    indices.some((index) => index !== undefined && found[index] !== false);
  for (const type of types) {
    switch (type.kind) {
      case "record":
        found.push(any(...type.fields.map((field) => field.type)));
        break;
      case "variant":
        found.push(any(...type.cases.map((one) => one.type)));
        break;
      case "tuple":
        found.push(any(...type.elements));
        break;
      case "list":
      case "option":
        found.push(any(type.element));
        break;
      case "result":
        found.push(any(type.ok, type.err));
        break;
      case "map":
        found.push(any(type.key, type.value));
        break;
      case "own":
      case "borrow":
      case "stream":
      case "future":
      case "error-context":
        found.push(true);
        break;
      default:
        found.push(false);
    }
  }
  return found;
}
