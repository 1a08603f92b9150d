import type { WitType } from "./wit.ts";

/** Where handles of resources lie within a value. What holds none has no shape. */
export type HandleShape =
  /** An `own` hands the resource over, a `borrow` lends it for a call. */
  | { readonly kind: "own" | "borrow"; readonly resource: string }
  | { readonly kind: "list" | "option"; readonly element: HandleShape }
  | { readonly kind: "tuple"; readonly elements: readonly (HandleShape | undefined)[] }
  /** By the names that the glue gives fields. */
  | { readonly kind: "record"; readonly fields: Readonly<Record<string, HandleShape>> }
  /** By tag; a `result` has the tags `ok` and `err`. */
  | { readonly kind: "variant"; readonly cases: Readonly<Record<string, HandleShape>> };

/**
 * The shape of a type, or `undefined` when its values hold no handle.
 *
 * @param fieldName Gives a record's field the name it has in values, from the one it has in WIT.
 */
export function handleShape(type: WitType | undefined, fieldName: (name: string) => string): HandleShape | undefined {
  switch (type?.kind) {
    case "own":
    case "borrow":
      return { kind: type.kind, resource: type.resource };
    case "list":
    case "option": {
      const element = handleShape(type.element, fieldName);
      return element === undefined ? undefined : { kind: type.kind, element };
    }
    case "tuple": {
      const elements = type.elements.map((element) => handleShape(element, fieldName));
      return elements.every((element) => element === undefined) ? undefined : { kind: "tuple", elements };
    }
    case "record": {
      const fields = shapes(type.fields.map((field) => [fieldName(field.name), field.type]));
      return fields === undefined ? undefined : { kind: "record", fields };
    }
    case "variant": {
      const cases = shapes(type.cases.map((one) => [one.name, one.type]));
      return cases === undefined ? undefined : { kind: "variant", cases };
    }
    case "result": {
      const cases = shapes([
        ["ok", type.ok],
        ["err", type.err],
      ]);
      return cases === undefined ? undefined : { kind: "variant", cases };
    }
    default:
      return undefined;
  }

  function shapes(
    parts: readonly (readonly [string, WitType | undefined])[],
  ): Readonly<Record<string, HandleShape>> | undefined {
    const found = parts.flatMap(([name, part]) => {
      const shape = handleShape(part, fieldName);
      return shape === undefined ? [] : [[name, shape] as const];
    });
    return found.length === 0 ? undefined : Object.fromEntries(found);
  }
}
