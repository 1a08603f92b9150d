import { types } from "node:util";
import { quoteText } from "../../shared/text/quote-text.ts";
import { typedArrayClass } from "./shapes.ts";

/** How much of a text an error shows, in UTF-16 code units. */
const SHOWN_TEXT = 40;

/** What was found, for an error message: short, on one line, and without running any code of the value. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "undefined";
    case "boolean":
      return String(value);
    case "number":
      return `number ${Object.is(value, -0) ? "-0" : value}`;
    case "bigint":
      return value > -(2n ** 80n) && value < 2n ** 80n ? `bigint ${value}` : "a bigint of more than 80 bits";
    case "string":
      return `string ${quoteText(value, SHOWN_TEXT)}`;
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "object":
      break;
  }
  return value === null ? "null" : describeObject(value);
}

function describeObject(value: object): string {
  if (types.isProxy(value)) return "a proxy";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typedArrayClass(value) === undefined ? "an object" : `a ${typedArrayClass(value)}`;
}
