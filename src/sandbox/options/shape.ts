import { quoteText } from "../../shared/text/quote-text.ts";
import { nearest } from "../../shared/text/suggest.ts";
import { Faults, shownValue } from "./faults.ts";

/** How much of an unknown name is shown, in UTF-16 code units. */
const SHOWN = 80;

/**
 * Reads a value that a user of the library gave, as what it has to be. Never throws of itself: what is wrong is noted, and then what is
 * returned is never used. What the value throws, an accessor or a proxy, is noted by {@link readOptions}.
 */
export type Shape<T> = (value: unknown, path: string, faults: Faults) => T | undefined;

/** A shape for every member: a member that is added to the type and not here is a compile error. */
export type Shapes<T extends object> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> };

/**
 * The options of one entry, checked: fresh plain data, so that nothing changes after the check. `undefined` stands for no options.
 *
 * @param entry What they are given to, for messages: `Sandbox.open`.
 * @throws CordonError `usage` with everything that is wrong.
 */
export function readOptions<T extends object>(entry: string, shape: Shape<T>, given: unknown): T {
  const faults = new Faults(entry);
  const read = guarded(shape, given === undefined ? {} : given, "", faults);
  faults.throwIfAny();
  return read as T;
}

/** An object with these members, all of them optional, and no others. It has to be a plain one: what a prototype has would be missed. */
export function options<T extends object>(shapes: Shapes<T>): Shape<T> {
  const known = Object.keys(shapes);
  return (value, path, faults) => {
    if (!isPlain(value)) {
      faults.add(path, `it is a plain object with any of ${known.join(", ")}, not ${shownValue(value)}`);
      return undefined;
    }
    const read: Record<string, unknown> = {};
    for (const key of Reflect.ownKeys(value)) {
      if (faults.areEnough) break;
      const at = memberPath(path, key);
      if (typeof key !== "string" || !Object.hasOwn(shapes, key)) {
        faults.add(at, unknownProblem(key, known));
        continue;
      }
      const shape: Shape<unknown> = shapes[key as keyof T];
      const member = memberOf(value, key, at, faults);
      if (member !== undefined) read[key] = guarded(shape, member, at, faults);
    }
    return read as T;
  };
}

/** An object that has these members, its own or its class's, and whatever else. It is given on as it is. */
export function having<T extends object>(shapes: Shapes<T>): Shape<T> {
  return (value, path, faults) => {
    if (typeof value !== "object" || value === null) {
      faults.add(path, `it is an object with ${Object.keys(shapes).join(", ")}, not ${shownValue(value)}`);
      return undefined;
    }
    for (const [key, shape] of Object.entries<Shape<unknown>>(shapes)) {
      const at = memberPath(path, key);
      guarded(shape, memberOf(value, key, at, faults), at, faults);
    }
    return value as T;
  };
}

/** What a test takes, given on as it is. */
export function a<T>(expected: string, test: (value: unknown) => boolean): Shape<T> {
  return (value, path, faults) => {
    if (test(value)) return value as T;
    faults.add(path, `it is ${expected}, not ${shownValue(value)}`);
    return undefined;
  };
}

/** One of these texts. */
export function oneOf<T extends string>(...texts: readonly T[]): Shape<T> {
  return a(orList(texts), (value) => texts.some((text) => text === value));
}

/** A whole number within these bounds, both included. */
export function wholeNumber(minimum: number, maximum: number): Shape<number> {
  return a(
    `a whole number from ${minimum} to ${maximum}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
  );
}

/** What either of two shapes takes: the first when the test says so. */
export function either<A, B>(isFirst: (value: unknown) => boolean, first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return (value, path, faults) => (isFirst(value) ? first : second)(value, path, faults);
}

export const text: Shape<string> = a("a string", (value) => typeof value === "string");

export const truth: Shape<boolean> = a("true or false", (value) => typeof value === "boolean");

/** A function; what it takes and returns is known when it is called. */
export function callback<T extends (...given: never[]) => unknown>(): Shape<T> {
  return a("a function", (value) => typeof value === "function");
}

/** Whether all that a value holds is its own: an object literal of any realm, or one without a prototype. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf");
}

/** The path of a member, as one writes it. */
export function memberPath(path: string, key: string | symbol | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  const name = typeof key === "symbol" ? "a symbol" : /^[\w$]{1,80}$/u.test(key) ? key : quoteText(key, SHOWN);
  return path === "" ? name : `${path}.${name}`;
}

/** What is said of a member that is not known. */
function unknownProblem(key: string | symbol, known: readonly string[]): string {
  const near = typeof key === "string" ? nearest(key, known) : undefined;
  const hint = near === undefined ? `there are ${known.join(", ")}` : `did you mean ${near}?`;
  return `there is none of that name; ${hint}`;
}

function guarded<T>(shape: Shape<T>, value: unknown, path: string, faults: Faults): T | undefined {
  try {
    return shape(value, path, faults);
  } catch (thrown) {
    faults.addThrown(path, thrown);
    return undefined;
  }
}

/** A member, read once; `undefined` when reading it fails, which is noted. */
function memberOf(value: object, key: string, path: string, faults: Faults): unknown {
  return guarded<unknown>((object) => (object as Readonly<Record<string, unknown>>)[key], value, path, faults);
}

function orList(texts: readonly string[]): string {
  const quoted = texts.map((one) => `"${one}"`);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
