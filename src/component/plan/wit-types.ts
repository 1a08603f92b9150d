import type { WitCase, WitType } from "../../shared/wit/wit.ts";
import type { Decoding } from "../binary/decoding.ts";
import type { ValueType } from "./entities.ts";

interface Converted {
  readonly type: WitType;
  /** Nodes when written out as a tree. */
  readonly size: number;
}

/** Every 32 characters of a name count as one more node. */
const CHARACTERS_A_NODE = 32;

/** Turns value types into WIT data, each once, and charges every use with the size of the tree it stands for. */
export class WitTypes {
  readonly #decoding: Decoding;
  readonly #converted: Map<ValueType, Converted> = new Map();

  constructor(decoding: Decoding) {
    this.#decoding = decoding;
  }

  convert(type: ValueType): WitType {
    const converted = this.#convert(type);
    this.#decoding.chargeInterface(converted.size);
    return converted.type;
  }

  chargeName(name: string): void {
    this.#decoding.chargeInterface(nameSize(name));
  }

  // Recursion ends at the bound of type depth, which was checked as the types were read.
  #convert(value: ValueType): Converted {
    const known = this.#converted.get(value);
    if (known !== undefined) return known;
    let size = 1;
    // One shape converts anew under each name it has, so the work is charged as it is done and not only its result.
    const label = (name: string): string => {
      this.#decoding.charge(1);
      size += nameSize(name);
      return name;
    };
    const child = (type: ValueType): WitType => {
      this.#decoding.charge(1);
      const converted = this.#convert(type);
      // Sizes double with each level at worst; past any bound they need not grow on.
      size = Math.min(size + converted.size, Number.MAX_SAFE_INTEGER);
      return converted.type;
    };
    const type = build(value, label, child);
    const converted = { type, size };
    this.#converted.set(value, converted);
    return converted;
  }
}

function build(value: ValueType, label: (name: string) => string, child: (type: ValueType) => WitType): WitType {
  const { shape } = value;
  const name = value.name === undefined ? {} : { name: label(value.name) };
  switch (shape.kind) {
    case "record":
      return {
        kind: shape.kind,
        fields: shape.fields.map((field) => ({ name: label(field.name), type: child(field.type) })),
        ...name,
      };
    case "variant":
      return {
        kind: shape.kind,
        cases: shape.cases.map((each): WitCase => ({
          name: label(each.name),
          ...(each.type === undefined ? {} : { type: child(each.type) }),
        })),
        ...name,
      };
    case "list":
      return {
        kind: shape.kind,
        element: child(shape.element),
        ...(shape.length === undefined ? {} : { length: shape.length }),
        ...name,
      };
    case "tuple":
      return { kind: shape.kind, elements: shape.elements.map(child), ...name };
    case "flags":
    case "enum":
      return { kind: shape.kind, names: shape.names.map(label), ...name };
    case "option":
      return { kind: shape.kind, element: child(shape.element), ...name };
    case "result":
      return {
        kind: shape.kind,
        ...(shape.ok === undefined ? {} : { ok: child(shape.ok) }),
        ...(shape.err === undefined ? {} : { err: child(shape.err) }),
        ...name,
      };
    case "stream":
    case "future":
      return { kind: shape.kind, ...(shape.element === undefined ? {} : { element: child(shape.element) }), ...name };
    case "map":
      return { kind: shape.kind, key: child(shape.key), value: child(shape.value), ...name };
    case "own":
    case "borrow":
      // A resource that is never given a name stays inside the component; it can only show up in a type that is wrong.
      return { kind: shape.kind, resource: label(shape.resource.resource.name ?? shape.resource.name ?? "unnamed") };
    case "primitive":
      break;
  }
  return { kind: shape.primitive };
}

function nameSize(name: string): number {
  return 1 + Math.floor(name.length / CHARACTERS_A_NODE);
}
