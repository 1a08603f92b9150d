import type {
  AbstractHeap,
  CompositeType,
  CoreField,
  CoreFunctionType,
  CoreRecursionGroup,
  CoreSubtype,
  CoreValueType,
  GlobalType,
  MemoryType,
  NumericType,
  ReferenceType,
  TableType,
} from "../../binary/core-definitions.ts";

/** The number of a core type among all of a component: types that are equal have the same. */
export type CoreTypeId = number;

/** What a core instance exports, with types by their numbers. */
export type CoreExtern =
  | { readonly kind: "function" | "tag"; readonly type: CoreTypeId }
  | TableType
  | MemoryType
  | GlobalType;

/** The type of a core module. */
export interface ModuleType {
  /** By the first name, then by the second. */
  readonly imports: ReadonlyMap<string, ReadonlyMap<string, CoreExtern>>;
  readonly exports: ReadonlyMap<string, CoreExtern>;
  readonly size: number;
}

/** What an abstract heap type is a subtype of at once. */
const PARENTS: Readonly<Partial<Record<AbstractHeap, readonly AbstractHeap[]>>> = {
  none: ["i31", "struct", "array"],
  i31: ["eq"],
  struct: ["eq"],
  array: ["eq"],
  eq: ["any"],
  nofunc: ["func"],
  noextern: ["extern"],
  noexn: ["exn"],
};

/** How many supertypes one above the other a type has at most. */
const MAX_SUPERTYPES = 63;

interface CanonicalType extends CoreSubtype {
  /** Supertypes above it. */
  readonly level: number;
}

/**
 * Numbers core types so that equal ones have equal numbers (core specification 3.1.3 "rolling"): the key of a recursion
 * group has its own types by their position in it, and all others by their number.
 */
export class CoreTypes {
  readonly #types: CanonicalType[] = [];
  readonly #groups: Map<string, CoreTypeId> = new Map();
  readonly #plain: Map<string, CoreTypeId> = new Map();

  /**
   * Adds a group to an index space, whose entries are numbers; `undefined` stands for what is no core type.
   *
   * @returns What is wrong with the group, if anything.
   */
  add(group: CoreRecursionGroup, space: (CoreTypeId | undefined)[]): string | undefined {
    const first = space.length;
    const key = new GroupKey(space, first, group.types.length);
    const text = group.types.map((type) => key.subtype(type)).join(";");
    if (key.problem !== undefined) return key.problem;
    const known = this.#groups.get(text);
    const base = known ?? this.#types.length;
    for (let position = 0; position < group.types.length; position += 1) space.push(base + position);
    if (known !== undefined) return undefined;
    this.#groups.set(text, base);
    const resolve = (index: number): number => space[index] ?? 0;
    for (const type of group.types) this.#types.push({ ...resolved(type, resolve), level: 0 });
    for (const [position, { supertype }] of group.types.entries()) {
      const problem = supertype === undefined ? undefined : this.#declare(base + position, resolve(supertype));
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** The number of a function type of numbers. */
  ofFunction(parameters: readonly NumericType[], results: readonly NumericType[]): CoreTypeId {
    const key = `${parameters.join()}>${results.join()}`;
    const known = this.#plain.get(key);
    if (known !== undefined) return known;
    const space: (CoreTypeId | undefined)[] = [];
    const composite: CoreFunctionType = { kind: "func", parameters, results };
    this.add({ offset: 0, types: [{ final: true, supertype: undefined, composite }] }, space);
    const id = space[0] ?? 0;
    this.#plain.set(key, id);
    return id;
  }

  /** The function type of that number; undefined for a struct or array. */
  functionType(id: CoreTypeId | undefined): CoreFunctionType | undefined {
    const composite = id === undefined ? undefined : this.#types[id]?.composite;
    return composite?.kind === "func" ? composite : undefined;
  }

  /** Whether a function has these parameters and results, whichever recursion group its type is of. */
  hasSignature(id: CoreTypeId, parameters: readonly CoreValueType[], results: readonly CoreValueType[]): boolean {
    const type = this.functionType(id);
    return type !== undefined && areSame(type.parameters, parameters) && areSame(type.results, results);
  }

  isSubtype(actual: CoreTypeId, expected: CoreTypeId): boolean {
    let at: CoreTypeId | undefined = actual;
    while (at !== undefined && at !== expected) at = this.#types[at]?.supertype;
    return at === expected;
  }

  isValueSubtype(actual: CoreValueType, expected: CoreValueType): boolean {
    if (actual === expected) return true;
    if (typeof actual === "string" || typeof expected === "string") return false;
    if (actual.nullable && !expected.nullable) return false;
    return this.#isHeapSubtype(actual.heap, expected.heap);
  }

  #isHeapSubtype(actual: AbstractHeap | number, expected: AbstractHeap | number): boolean {
    if (typeof actual === "number") {
      if (typeof expected === "number") return this.isSubtype(actual, expected);
      return isAbstractSubtype(this.#types[actual]?.composite.kind ?? "func", expected);
    }
    if (typeof expected === "string") return isAbstractSubtype(actual, expected);
    return actual === (this.#types[expected]?.composite.kind === "func" ? "nofunc" : "none");
  }

  /** Takes note of a supertype. Returns why the type cannot have it, if it cannot. */
  #declare(id: CoreTypeId, supertype: CoreTypeId): string | undefined {
    const [type, above] = [this.#types[id], this.#types[supertype]];
    if (type === undefined || above === undefined || supertype >= id)
      return "a supertype is not defined before its use";
    if (above.final) return "a core type has a final supertype";
    const level = above.level + 1;
    if (level > MAX_SUPERTYPES) return `a core type has more than ${MAX_SUPERTYPES} supertypes`;
    this.#types[id] = { ...type, level };
    return this.#matches(type.composite, above.composite) ? undefined : "a core type does not match its supertype";
  }

  #matches(type: CompositeType, above: CompositeType): boolean {
    if (type.kind === "func" && above.kind === "func") {
      return (
        type.parameters.length === above.parameters.length &&
        type.results.length === above.results.length &&
        above.parameters.every((one, index) => this.#fits(one, type.parameters[index])) &&
        type.results.every((one, index) => this.#fits(one, above.results[index]))
      );
    }
    if (type.kind === "struct" && above.kind === "struct") {
      return above.fields.every((field, index) => this.#matchesField(type.fields[index], field));
    }
    return type.kind === "array" && above.kind === "array" && this.#matchesField(type.field, above.field);
  }

  #fits(actual: CoreValueType | undefined, expected: CoreValueType | undefined): boolean {
    return actual !== undefined && expected !== undefined && this.isValueSubtype(actual, expected);
  }

  #matchesField(field: CoreField | undefined, above: CoreField): boolean {
    if (field === undefined || field.mutable !== above.mutable) return false;
    const [one, other] = [field.type, above.type];
    if (one === "i8" || one === "i16" || other === "i8" || other === "i16") return one === other;
    return this.isValueSubtype(one, other) && (!field.mutable || this.isValueSubtype(other, one));
  }
}

function areSame(one: readonly CoreValueType[], other: readonly CoreValueType[]): boolean {
  return one.length === other.length && one.every((type, index) => type === other[index]);
}

function isAbstractSubtype(actual: AbstractHeap, expected: AbstractHeap): boolean {
  return actual === expected || (PARENTS[actual] ?? []).some((parent) => isAbstractSubtype(parent, expected));
}

/** Writes types out as the key of their group. */
class GroupKey {
  /** The first index that is not defined. */
  problem: string | undefined;
  readonly #space: readonly (CoreTypeId | undefined)[];
  readonly #first: number;
  readonly #count: number;

  constructor(space: readonly (CoreTypeId | undefined)[], first: number, count: number) {
    this.#space = space;
    this.#first = first;
    this.#count = count;
  }

  subtype({ final, supertype, composite }: CoreSubtype): string {
    const head = `${final ? "" : "open "}${supertype === undefined ? "" : `sub ${this.#index(supertype)} `}`;
    return head + this.#composite(composite);
  }

  #composite(composite: CompositeType): string {
    if (composite.kind === "array") return `array ${this.#field(composite.field)}`;
    if (composite.kind === "struct") return `struct ${composite.fields.map((field) => this.#field(field)).join()}`;
    return `func ${this.#values(composite.parameters)}>${this.#values(composite.results)}`;
  }

  #values(types: readonly CoreValueType[]): string {
    return types.map((type) => this.#value(type)).join();
  }

  #field({ type, mutable }: CoreField): string {
    const text = type === "i8" || type === "i16" ? type : this.#value(type);
    return mutable ? `mut ${text}` : text;
  }

  #value(type: CoreValueType): string {
    if (typeof type === "string") return type;
    const heap = typeof type.heap === "number" ? this.#index(type.heap) : type.heap;
    return `${type.nullable ? "null " : ""}${heap}`;
  }

  #index(index: number): string {
    const inGroup = index - this.#first;
    if (inGroup >= 0 && inGroup < this.#count) return `#${inGroup}`;
    const id = this.#space[index];
    if (id === undefined) this.problem ??= `core type ${index} is not defined before its use`;
    return `${id}`;
  }
}

function resolved(type: CoreSubtype, resolve: (index: number) => number): CoreSubtype {
  const { final, supertype, composite } = type;
  const field = (one: CoreField): CoreField => ({
    type: one.type === "i8" || one.type === "i16" ? one.type : resolvedValue(one.type, resolve),
    mutable: one.mutable,
  });
  const values = (types: readonly CoreValueType[]): CoreValueType[] => types.map((one) => resolvedValue(one, resolve));
  const above = supertype === undefined ? undefined : resolve(supertype);
  switch (composite.kind) {
    case "func": {
      const [parameters, results] = [values(composite.parameters), values(composite.results)];
      return { final, supertype: above, composite: { kind: "func", parameters, results } };
    }
    case "struct":
      return { final, supertype: above, composite: { kind: "struct", fields: composite.fields.map(field) } };
    case "array":
      return { final, supertype: above, composite: { kind: "array", field: field(composite.field) } };
  }
}

/** A value type with the number of the type that it refers to in place of its index. */
export function resolvedValue(type: CoreValueType, resolve: (index: number) => number): CoreValueType {
  return typeof type === "string" ? type : resolvedReference(type, resolve);
}

export function resolvedReference(type: ReferenceType, resolve: (index: number) => number): ReferenceType {
  return typeof type.heap === "string" ? type : { nullable: type.nullable, heap: resolve(type.heap) };
}
