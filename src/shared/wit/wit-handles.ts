import type { WitFunction, WitType } from "./wit.ts";

/** Whether values of a type hold something that cannot leave its instance: a handle, a stream, a future, an error context. */
export function holdsHandle(type: WitType | undefined): boolean {
  switch (type?.kind) {
    case undefined:
      return false;
    case "own":
    case "borrow":
    case "stream":
    case "future":
    case "error-context":
      return true;
    case "list":
    case "option":
      return holdsHandle(type.element);
    case "record":
      return type.fields.some((field) => holdsHandle(field.type));
    case "tuple":
      return type.elements.some(holdsHandle);
    case "variant":
      return type.cases.some((one) => holdsHandle(one.type));
    case "result":
      return holdsHandle(type.ok) || holdsHandle(type.err);
    case "map":
      return holdsHandle(type.key) || holdsHandle(type.value);
    default:
      return false;
  }
}

/** Whether a function takes or gives such values. */
export function functionHoldsHandle({ parameters, result }: WitFunction): boolean {
  return holdsHandle(result) || parameters.some(({ type }) => holdsHandle(type));
}
