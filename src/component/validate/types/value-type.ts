import type { LabelledUse, ValueTypeDefinition, ValueTypeUse } from "../../binary/definitions.ts";
import type { WitPrimitive } from "../../../shared/wit/wit.ts";
import { invalid, quoted } from "../invalid.ts";
import { layoutOf } from "../canon/layout.ts";
import { canonicalLabel, isLabel } from "../names/names.ts";
import { type Case, childrenOf, type Labelled, type ResourceType, type Shape, type ValueType } from "./types.ts";

const MAX_FLAGS = 32;
const MAX_FIELDS = 10_000;
const MAX_LENGTH = 2 ** 30;

/** The keys that a map can have. */
const KEYS: ReadonlySet<WitPrimitive> = new Set<WitPrimitive>([
  "bool",
  "s8",
  "u8",
  "s16",
  "u16",
  "s32",
  "u32",
  "s64",
  "u64",
  "char",
  "string",
]);

/** What a definition of a value type refers to. */
export interface TypeLookup {
  readonly value: (use: ValueTypeUse, offset: number) => ValueType;
  readonly resource: (index: number, offset: number) => ResourceType;
  /** Adds up what a type consists of, within the bounds. */
  readonly extent: (children: readonly (ValueType | undefined)[]) => { readonly size: number; readonly depth: number };
}

const primitives = new Map<WitPrimitive, ValueType>();

/** The type of a primitive; one object, since it never needs a name. */
export function primitiveType(primitive: WitPrimitive): ValueType {
  const known = primitives.get(primitive);
  if (known !== undefined) return known;
  const type = valueTypeOf({ kind: "primitive", primitive }, { size: 1, depth: 1 });
  primitives.set(primitive, type);
  return type;
}

/** A value type of that structure. */
function valueTypeOf(shape: Shape, { size, depth }: { readonly size: number; readonly depth: number }): ValueType {
  const children = childrenOf(shape);
  const isHandle = shape.kind === "own" || shape.kind === "borrow";
  const crosses = shape.kind === "stream" || shape.kind === "future";
  return {
    sort: "value",
    shape,
    size,
    depth,
    ...layoutOf(shape),
    open: isHandle || children.some((child) => child?.open === true),
    borrows: shape.kind === "borrow" || children.some((child) => child?.borrows === true),
    pointers:
      (shape.kind === "primitive" && shape.primitive === "string") ||
      (shape.kind === "list" && shape.length === undefined) ||
      shape.kind === "map" ||
      (!crosses && children.some((child) => child?.pointers === true)),
  };
}

/** Checks a definition of a value type, and makes the type. */
export function defineValueType(definition: ValueTypeDefinition, lookup: TypeLookup, offset: number): ValueType {
  const shape = shapeOf(definition, lookup, offset);
  const type = valueTypeOf(shape, lookup.extent(childrenOf(shape)));
  if (type.bytes >= MAX_BYTES) invalid(`a value of a type takes ${type.bytes} bytes or more, over the maximum`, offset);
  return type;
}

/** The most bytes that a value takes, of which its type has fewer. */
const MAX_BYTES = 2 ** 28;

function shapeOf(definition: ValueTypeDefinition, lookup: TypeLookup, offset: number): Shape {
  const use = (one: ValueTypeUse): ValueType => lookup.value(one, offset);
  const optional = (one: ValueTypeUse | undefined): ValueType | undefined => (one === undefined ? one : use(one));
  switch (definition.kind) {
    case "primitive":
      return definition;
    case "record":
      atLeastOne(definition.fields, "record has no fields", offset);
      return { kind: "record", fields: labelled(definition.fields, "record", use, offset) };
    case "variant":
      atLeastOne(definition.cases, "variant has no cases", offset);
      return {
        kind: "variant",
        cases: definition.cases.map(distinct("variant", offset)).map(({ name, type }): Case => ({
          name,
          type: optional(type),
        })),
      };
    case "list": {
      const { element, length } = definition;
      if (length === 0) invalid("a list of a fixed length has no elements", offset);
      if (length !== undefined && length > MAX_LENGTH) invalid("a list of a fixed length is too long", offset);
      return { kind: "list", element: use(element), length };
    }
    case "tuple":
      atLeastOne(definition.elements, "tuple has no elements", offset);
      return { kind: "tuple", elements: definition.elements.map(use) };
    case "flags":
    case "enum": {
      const { kind, names } = definition;
      atLeastOne(names, kind === "flags" ? "flags type has no flags" : "enum has no cases", offset);
      if (kind === "flags" && names.length > MAX_FLAGS) invalid(`a type has more than ${MAX_FLAGS} flags`, offset);
      for (const name of names.map((one) => ({ name: one })).map(distinct(kind, offset))) void name;
      return { kind, names };
    }
    case "option":
      return { kind: "option", element: use(definition.element) };
    case "result":
      return { kind: "result", ok: optional(definition.ok), err: optional(definition.err) };
    case "own":
    case "borrow":
      return { kind: definition.kind, resource: lookup.resource(definition.resource, offset) };
    case "stream":
    case "future": {
      const { kind } = definition;
      const element = optional(definition.element);
      if (kind === "stream" && element !== undefined && isPrimitive(element, "char")) {
        invalid("a stream of characters is not valid; its elements have to be bytes", offset);
      }
      if (element?.borrows === true) invalid(`a ${kind} would hand over a borrowed handle`, offset);
      return { kind, element };
    }
    case "map": {
      const key = use(definition.key);
      const { shape } = key;
      if (shape.kind !== "primitive" || !KEYS.has(shape.primitive))
        invalid("the key of a map is of a wrong type", offset);
      return { kind: "map", key, value: use(definition.value) };
    }
  }
}

function isPrimitive({ shape }: ValueType, primitive: WitPrimitive): boolean {
  return shape.kind === "primitive" && shape.primitive === primitive;
}

function atLeastOne(list: readonly unknown[], problem: string, offset: number): void {
  if (list.length === 0) invalid(`a ${problem}`, offset);
  if (list.length > MAX_FIELDS) invalid(`a type has more than ${MAX_FIELDS} parts`, offset);
}

/** Resolves fields or parameters, whose names have to be labels that differ. */
export function labelled(
  uses: readonly LabelledUse[],
  what: string,
  use: (type: ValueTypeUse) => ValueType,
  offset: number,
): readonly Labelled[] {
  return uses.map(distinct(what, offset)).map(({ name, type }) => ({ name, type: use(type) }));
}

/** Refuses names that are no labels, and those that differ from another in case or hyphens alone. */
function distinct<T extends { readonly name: string }>(what: string, offset: number): (named: T) => T {
  const seen = new Set<string>();
  return (named) => {
    const { name } = named;
    if (!isLabel(name)) invalid(`the name ${quoted(name)} in a ${what} is not in kebab case`, offset);
    const canonical = canonicalLabel(name);
    if (seen.has(canonical)) invalid(`the name ${quoted(name)} occurs twice in one ${what}`, offset);
    seen.add(canonical);
    return named;
  };
}
