import { nearest } from "../shared/text/suggest.ts";

/** Collects what is wrong with a document, so that all of it is reported at once. Each is one line. */
export type Problems = string[];

/** How many are told of: nobody reads more, and a document may have any number. */
export const MAX_PROBLEMS = 20;

/** The object's own properties, once its keys are known to be among `keys`. */
export function section(
  value: unknown,
  name: string,
  keys: readonly string[],
  problems: Problems,
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push(`Cannot read ${name}: expected an object with ${listed(keys)}, found ${describe(value)}`);
    return {};
  }
  for (const key of Object.keys(value)) {
    if (keys.includes(key)) continue;
    if (problems.length > MAX_PROBLEMS) break;
    const near = nearest(key, keys);
    const hint = near === undefined ? `the keys are ${listed(keys)}` : `did you mean ${quote(near)}?`;
    problems.push(`Cannot read ${name}: unknown key ${quote(key)}; ${hint}`);
  }
  return { __proto__: null, ...value };
}

/** The strings of a list; `undefined` counts as an empty one. */
export function strings(value: unknown, name: string, problems: Problems): readonly string[] {
  const found: string[] = [];
  for (const [index, item] of items(value, name, "a list of strings", problems).entries()) {
    if (typeof item === "string") found.push(item);
    else problems.push(`Cannot read ${name}[${index}]: expected a string, found ${describe(item)}`);
  }
  return found;
}

/** The items of a list; `undefined` counts as an empty one. */
export function items(value: unknown, name: string, expected: string, problems: Problems): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value as readonly unknown[];
  problems.push(`Cannot read ${name}: expected ${expected}, found ${describe(value)}`);
  return [];
}

/** A truth value; `undefined` counts as the default. */
export function flag(value: unknown, name: string, byDefault: boolean, problems: Problems): boolean {
  if (value === undefined) return byDefault;
  if (typeof value === "boolean") return value;
  problems.push(`Cannot read ${name}: expected true or false, found ${describe(value)}`);
  return false;
}

/** The kind of a value, in words. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : typeof value;
}

/** What an operator wrote, in double quotes, on one line and not longer than a message should be. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}

function listed(words: readonly string[]): string {
  return words.length < 3 ? words.join(" and ") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
