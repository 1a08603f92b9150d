import type { FunctionTypeIndex, PlanFunctionType, PlanType, TypeIndex } from "../../shared/plan.ts";
import type { FunctionType, Shape, ValueType } from "./entities.ts";

/** The types of a plan, each structure once. */
export class PlanTypes {
  readonly types: PlanType[] = [];
  readonly functionTypes: PlanFunctionType[] = [];
  readonly #byShape: Map<Shape, TypeIndex> = new Map();
  readonly #byKey: Map<string, TypeIndex> = new Map();
  readonly #functions: Map<string, FunctionTypeIndex> = new Map();

  // The depth of types is bounded by validation.
  index(type: ValueType): TypeIndex {
    const { shape } = type;
    const known = this.#byShape.get(shape);
    if (known !== undefined) return known;
    const plan = this.#planned(shape);
    const index = interned(this.types, this.#byKey, plan);
    this.#byShape.set(shape, index);
    return index;
  }

  functionType({ parameters, result, async }: FunctionType): FunctionTypeIndex {
    const plan: PlanFunctionType = {
      parameters: parameters.map(({ name, type }) => ({ name, type: this.index(type) })),
      ...(result === undefined ? {} : { result: this.index(result) }),
      async,
    };
    return interned(this.functionTypes, this.#functions, plan);
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
}

/** The index of what has that structure. Objects are built in one order of keys, so that their text tells them apart. */
function interned<T>(list: T[], byKey: Map<string, number>, item: T): number {
  const key = JSON.stringify(item);
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const index = list.push(item) - 1;
  byKey.set(key, index);
  return index;
}
