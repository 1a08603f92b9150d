import { types } from "node:util";
import { CordonError } from "../../shared/errors.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import { escapeInvisible, quoteText } from "../../shared/text/quote-text.ts";
import type { WitFunction, WitType } from "../../shared/wit/wit.ts";
import { convertValue, foundInstead, ownData, startWalk, wrong } from "./convert-value.ts";
import type { HandleValues, ValueProblem } from "./convert-value.ts";
import { describeValue } from "./describe-value.ts";
import { collisionIn } from "./shapes.ts";

export type { HandleType, HandleValues, Replacement, ValueProblem } from "./convert-value.ts";

const SHOWN_SIGNATURE = 400;

/**
 * What is wrong with the arguments of a function, in the shapes that the engine takes (see `shapes.ts`); empty when nothing
 * is. All problems are reported, up to 20; a wrong number of arguments is one. Types with resources, streams, futures or
 * error contexts have no value here, other than an absent option.
 *
 * Never throws: only own data properties are read, so getters and proxies of the caller do not run. Proxies, class
 * instances and objects with getters are refused.
 */
export function checkArguments(fn: WitFunction, args: readonly unknown[]): ValueProblem[] {
  return convertAll(fn, args, false).problems;
}

/**
 * A function's arguments as fresh plain data, ready for the engine. More forgiving than {@link checkArguments}: 64-bit
 * integers may also be safe-integer numbers, keys of records and flags may be spelled as in WIT. Absent options and flags
 * are filled in, null becomes `undefined` for an absent option, an Array for `list<u8>` becomes a Uint8Array.
 *
 * @param handles What stands for handles; without it, none can be passed.
 * @throws CordonError `usage` with all problems on one line: where, the WIT type expected, what was found. `unsupported` when no values in
 *   JavaScript stand for all of its parameters or its result.
 */
export function normalizeArguments(fn: WitFunction, args: readonly unknown[], handles?: HandleValues): unknown[] {
  const collision = collisionOf(fn);
  if (collision !== undefined) {
    const names = collision.map((name) => quoteText(name, 80)).join(" and ");
    throw new CordonError(
      "unsupported",
      `Cannot call ${quoteText(fn.name, 80)}: JavaScript cannot tell ${names} apart`,
    );
  }
  const { problems, values } = convertAll(fn, args, true, handles);
  if (problems.length > 0) {
    throw new CordonError("usage", `Cannot call ${quoteText(fn.name, 80)}: ${describeProblems(problems)}`);
  }
  return values;
}

/**
 * One value as fresh plain data in the shape of its type; forgiving as {@link normalizeArguments} is.
 *
 * @param attempt what is being done with the value, for the error: `Cannot <attempt>: …`.
 * @throws CordonError `unsupported` when the value is not of its type, which a value that came through the engine is only
 *   when it holds a resource, stream, future or error context.
 */
export function normalizeValue(value: unknown, type: WitType, attempt: string, handles?: HandleValues): unknown {
  const walk = startWalk("value", true, handles);
  const copy = convertValue(walk, value, type);
  if (walk.problems.length > 0) {
    throw new CordonError("unsupported", `Cannot ${attempt}: ${describeProblems(walk.problems)}`);
  }
  return copy;
}

const collisions: WeakMap<WitFunction, readonly [string, string] | false> = new WeakMap();

/** Two names within the types of a function that are one in JavaScript. */
function collisionOf(fn: WitFunction): readonly [string, string] | undefined {
  let found = collisions.get(fn);
  if (found === undefined) {
    const types = fn.parameters.map((one) => one.type);
    if (fn.result !== undefined) types.push(fn.result);
    found = types.map(collisionIn).find((one) => one !== undefined) ?? false;
    collisions.set(fn, found);
  }
  return found === false ? undefined : found;
}

/** Problems on one line. */
function describeProblems(problems: readonly ValueProblem[]): string {
  return problems
    .map(({ path, expected, found }) => `${escapeInvisible(path)}: expected ${expected}, found ${found}`)
    .join("; ");
}

function convertAll(
  fn: WitFunction,
  args: readonly unknown[],
  lenient: boolean,
  handles?: HandleValues,
): { readonly problems: ValueProblem[]; readonly values: unknown[] } {
  if (types.isProxy(args) || !Array.isArray(args) || args.length !== fn.parameters.length) {
    const found = !types.isProxy(args) && Array.isArray(args) ? countArguments(args.length) : describeValue(args);
    return { problems: [{ path: "arguments", expected: describeParameters(fn), found }], values: [] };
  }
  const walk = startWalk("", lenient, handles);
  const values = fn.parameters.map(({ name, type }, index) => {
    walk.path[0] = name;
    const own = ownData(args, String(index));
    if (own === undefined || own === "accessor") return wrong(walk, type, foundInstead(own));
    return convertValue(walk, own.value, type);
  });
  return { problems: walk.problems, values };
}

/** `2 arguments (a: u8, b: string)`, cut where it is long. */
export function describeParameters(fn: WitFunction): string {
  const signature = printFunctionType(
    { name: fn.name, parameters: fn.parameters, async: false },
    { maxLength: SHOWN_SIGNATURE },
  );
  return `${countArguments(fn.parameters.length)} ${signature.slice("func".length)}`;
}

/** `no arguments`, `1 argument`, `2 arguments`. */
export function countArguments(count: number): string {
  return count === 0 ? "no arguments" : `${count} argument${count === 1 ? "" : "s"}`;
}
