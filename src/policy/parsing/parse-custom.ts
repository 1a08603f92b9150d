import type { CustomGrant } from "../grants.ts";
import { describe, type Problems, quote } from "../problems.ts";

/**
 * What custom host functions may be used for, by the names they were registered with: a switch, a range of numbers (both ends
 * included), a text or a list of texts. What they mean is up to the function.
 */
export type CustomInput = Readonly<
  Record<
    string,
    | boolean
    | {
        /** The least number that is granted. */
        readonly minimum: number;
        /** The greatest that is. */
        readonly maximum: number;
      }
    | string
    | readonly string[]
  >
>;

const NAME = /^[a-zA-Z][a-zA-Z0-9_:/@.#-]{0,127}$/u;

/** Reads the custom part of grants; what is wrong goes to `problems`. */
export function parseCustom(value: unknown, problems: Problems): Readonly<Record<string, CustomGrant>> {
  if (value === undefined) return Object.freeze({});
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push(`Cannot read custom: expected an object, found ${describe(value)}`);
    return Object.freeze({});
  }
  const found: [string, CustomGrant][] = [];
  for (const [name, written] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    if (!NAME.test(name)) {
      problems.push(
        `Cannot grant the custom capability ${quote(name)}: a name is a letter and up to 127 letters, digits and any of _:/@.#-`,
      );
      continue;
    }
    const grant = grantOf(written);
    if (grant !== undefined) found.push([name, Object.freeze(grant)]);
    else {
      problems.push(
        `Cannot grant the custom capability ${quote(name)}: expected true or false, a string, a list of strings, or an object with minimum and maximum, finite and in order; found ${describe(written)}`,
      );
    }
  }
  return Object.freeze(Object.fromEntries(found));
}

function grantOf(written: unknown): CustomGrant | undefined {
  if (typeof written === "boolean") return { kind: "boolean", value: written };
  if (typeof written === "string") return { kind: "string", value: written };
  if (Array.isArray(written)) {
    const values: readonly unknown[] = written;
    return values.every((one) => typeof one === "string")
      ? { kind: "string-list", values: Object.freeze([...values]) }
      : undefined;
  }
  if (typeof written !== "object" || written === null) return undefined;
  const { minimum, maximum, ...others } = written as Readonly<Record<string, unknown>>;
  if (Object.keys(others).length > 0 || !Number.isFinite(minimum) || !Number.isFinite(maximum)) return undefined;
  const [least, most] = [Number(minimum), Number(maximum)];
  return least <= most ? { kind: "numeric", minimum: least, maximum: most } : undefined;
}
