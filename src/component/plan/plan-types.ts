import type { FunctionTypeIndex, PlanFunctionType, PlanType, TypeIndex } from "../../shared/plan/plan.ts";
import type { FunctionType, Shape, ValueType } from "./entities.ts";

/** The types of a plan, each structure once. */
export class PlanTypes {
  readonly types: PlanType[] = [];
  readonly functionTypes: PlanFunctionType[] = [];
  readonly #byShape: Map<Shape, TypeIndex> = new Map();
  readonly #byFunction: Map<FunctionType, FunctionTypeIndex> = new Map();
  readonly #byKey: Map<string, TypeIndex> = new Map();
  readonly #functionsByKey: Map<string, FunctionTypeIndex> = new Map();
  readonly #charge: (steps: number) => void;

  constructor(charge: (steps: number) => void) {
    this.#charge = charge;
  }

  // The depth of types is bounded by validation.
  index(type: ValueType): TypeIndex {
    const { shape } = type;
    const known = this.#byShape.get(shape);
    if (known !== undefined) return known;
    const plan = this.#planned(shape);
    const index = this.#interned(this.types, this.#byKey, plan);
    this.#byShape.set(shape, index);
    return index;
  }

  functionType(type: FunctionType): FunctionTypeIndex {
    const known = this.#byFunction.get(type);
    if (known !== undefined) return known;
    const { parameters, result, async } = type;
    const plan: PlanFunctionType = {
      parameters: parameters.map(({ name, type: one }) => ({ name, type: this.index(one) })),
      ...(result === undefined ? {} : { result: this.index(result) }),
      async,
    };
    const index = this.#interned(this.functionTypes, this.#functionsByKey, plan);
    this.#byFunction.set(type, index);
    return index;
  }

  #planned(shape: Shape): PlanType {
    switch (shape.kind) {
      case "primitive":
        return { kind: shape.primitive };
      case "record":
        return { kind: shape.kind, fields: shape.fields.map(({ name, type }) => ({ name, type: this.index(type) })) };
      case "variant":
        return {
          kind: shape.kind,
          cases: shape.cases.map(({ name, type }) => ({ name, ...(type && { type: this.index(type) }) })),
        };
      case "list": {
        const { element, length } = shape;
        return { kind: shape.kind, element: this.index(element), ...(length === undefined ? {} : { length }) };
      }
      case "tuple":
        return { kind: shape.kind, elements: shape.elements.map((element) => this.index(element)) };
      case "flags":
      case "enum":
        return { kind: shape.kind, names: shape.names };
      case "option":
        return { kind: shape.kind, element: this.index(shape.element) };
      case "result":
        return {
          kind: shape.kind,
          ...(shape.ok && { ok: this.index(shape.ok) }),
          ...(shape.err && { err: this.index(shape.err) }),
        };
      case "stream":
      case "future":
        return { kind: shape.kind, ...(shape.element && { element: this.index(shape.element) }) };
      case "map":
        return { kind: shape.kind, key: this.index(shape.key), value: this.index(shape.value) };
      case "own":
      case "borrow":
        return { kind: shape.kind, resource: shape.resource.resource.index };
    }
  }

  /** The index of what has that structure. Objects are built in one order of keys, so that their text tells them apart. */
  #interned<T>(list: T[], byKey: Map<string, number>, item: T): number {
    const key = JSON.stringify(item);
    // Names can be long, and the same type can come up in many instances of a component.
    this.#charge(1 + (key.length >>> 5));
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const index = list.push(item) - 1;
    byKey.set(key, index);
    return index;
  }
}
