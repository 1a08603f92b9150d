import {
  type AnyType,
  childrenOf,
  type Entity,
  type FunctionType,
  type InstanceType,
  type ValueType,
} from "./types.ts";

/** Types that have names which the outside sees. */
export type Named = Set<AnyType>;

/** The types with names of a component or component type, by what has named them. */
export interface NamedTypes {
  readonly imported: Named;
  /** Imported types are among them: what is exported can refer to them too. */
  readonly exported: Named;
}

/**
 * Whether what is imported or exported refers to named types only. The types among it are named from then on.
 */
export function nameTypes(
  charge: (steps: number) => void,
  kind: "import" | "export",
  entity: Entity,
  types: NamedTypes,
): boolean {
  charge(1);
  const naming = new Naming(charge, kind === "import" ? types.imported : types.exported);
  switch (entity.sort) {
    case "module":
    case "component":
      return true;
    case "function":
      return naming.isFunctionNamed(entity.type);
    case "instance":
      return [...entity.type.exports.values()].every((item) => nameTypes(charge, kind, item, types));
    case "type": {
      const { created, referenced } = entity;
      // An import cannot refer to a name that an export gave.
      if (kind === "import" && types.exported.has(referenced) && !types.imported.has(referenced)) return false;
      if (!naming.refersToNamed(referenced)) return false;
      types.exported.add(created);
      if (kind === "import") types.imported.add(created);
      return true;
    }
  }
}

class Naming {
  readonly #charge: (steps: number) => void;
  readonly #named: Named;

  constructor(charge: (steps: number) => void, named: Named) {
    this.#charge = charge;
    this.#named = named;
  }

  /** Whether what a type refers to has names, so that the type can be given one itself. */
  refersToNamed(type: AnyType): boolean {
    switch (type.sort) {
      case "resource":
      case "component":
        return true;
      case "value":
        return this.#hasNamedParts(type);
      case "function":
        return this.isFunctionNamed(type);
      case "instance":
        return this.#isInstanceNamed(type);
    }
  }

  isFunctionNamed({ parameters, result }: FunctionType): boolean {
    return parameters.every(({ type }) => this.#isNamed(type)) && (result === undefined || this.#isNamed(result));
  }

  /**
   * Whether all that a value type consists of has a name where it has to: records, variants, flags and enums need one, as
   * do the resources of handles; the others are named by what they consist of.
   */
  #isNamed(type: ValueType): boolean {
    this.#charge(1);
    switch (type.shape.kind) {
      case "record":
      case "variant":
      case "flags":
      case "enum":
        return this.#named.has(type);
      default:
        return this.#hasNamedParts(type);
    }
  }

  #hasNamedParts({ shape }: ValueType): boolean {
    if (shape.kind === "own" || shape.kind === "borrow") return this.#named.has(shape.resource);
    return childrenOf(shape).every((child) => child === undefined || this.#isNamed(child));
  }

  /** What an instance type exports has names within it, and nowhere else. */
  #isInstanceNamed({ exports }: InstanceType): boolean {
    const added: AnyType[] = [];
    let isValid = true;
    for (const entity of exports.values()) {
      this.#charge(1);
      if (entity.sort === "function") isValid = this.isFunctionNamed(entity.type);
      else if (entity.sort === "instance") isValid = this.#isInstanceNamed(entity.type);
      else if (entity.sort === "type") {
        isValid = this.refersToNamed(entity.created);
        if (isValid && !this.#named.has(entity.created)) {
          this.#named.add(entity.created);
          added.push(entity.created);
        }
      }
      if (!isValid) break;
    }
    for (const type of added) this.#named.delete(type);
    return isValid;
  }
}
