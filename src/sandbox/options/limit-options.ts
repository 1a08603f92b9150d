import { CordonError } from "../../shared/errors.ts";
import { LIMIT_BOUNDS } from "../../shared/limits/limit-bounds.ts";
import { LIMIT_PROFILES, PROFILE_NAMES, type ProfileName } from "../../shared/limits/limit-profiles.ts";
import { DEFAULT_LIMITS, type Limits } from "../../shared/limits/limits.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { nearest } from "../../shared/text/suggest.ts";
import { shownValue } from "./faults.ts";

/** Limits as an embedder writes them: single ones, on top of a profile's or of the defaults. */
export interface LimitsInput extends Partial<Limits> {
  /** The profile that what is not given is taken from; default that of the sandbox, or `minimal`. */
  readonly profile?: ProfileName;
}

/** How many problems are told of: nobody reads more. */
const MAX_PROBLEMS = 20;

/** Limits of time that go with a deadline which is raised, where nobody set them. */
const FOLLOWING = ["cpuTimeMs", "idleTimeoutMs"] as const;

/** Which of those nobody has set, by the limits that they are in. */
const following = new WeakMap<Limits, readonly (typeof FOLLOWING)[number][]>([[DEFAULT_LIMITS, FOLLOWING]]);

/**
 * Complete limits: what is given, on top of the profile's that it names, else of `base`. Where nobody set `cpuTimeMs` or
 * `idleTimeoutMs`, by itself or by a profile, they are at least `timeoutMs`. Frozen.
 *
 * @throws CordonError with all that is wrong: `usage` for a name that is no limit, a profile there is none of, or a value that is no
 *   whole number within its bounds; `unsupported` for more threads than one.
 */
export function limitsFrom(given?: LimitsInput, base: Limits = DEFAULT_LIMITS): Limits {
  if (given === undefined && base !== DEFAULT_LIMITS && following.has(base)) return base;
  return completed(given === undefined ? {} : given, base);
}

function completed(given: LimitsInput, base: Limits): Limits {
  const problems: CordonError[] = [];
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new CordonError(
      "usage",
      `Cannot set the limits to ${shownValue(given)}: they are an object such as { timeoutMs: 500 }`,
    );
  }
  const { profile, ...single } = given;
  const started = profile === undefined ? base : (attempt(() => profileNamed(profile), problems) ?? base);
  const limits: Record<keyof Limits, number> = { ...started };
  for (const [name, value] of Object.entries<unknown>(single)) {
    if (value === undefined) continue;
    if (problems.length >= MAX_PROBLEMS) break;
    if (!isLimit(name)) problems.push(unknownLimit(name));
    else if (isWithin(value, LIMIT_BOUNDS[name])) limits[name] = value;
    else problems.push(outOfBounds(name, value));
  }
  if (problems.length > 0) throw together(problems);
  const free = (profile === undefined ? (following.get(base) ?? []) : []).filter((name) => single[name] === undefined);
  for (const name of free) limits[name] = Math.max(limits[name], limits.timeoutMs);
  following.set(Object.freeze(limits), free);
  return limits;
}

/** Limits, none of them wider than these bounds. Frozen. */
export function atMost(limits: Limits, bounds: Partial<Limits>): Limits {
  const names = Object.keys(bounds) as (keyof Limits)[];
  if (names.every((name) => limits[name] <= (bounds[name] ?? limits[name]))) return limits;
  const narrower = names.map((name) => [name, Math.min(limits[name], bounds[name] ?? limits[name])] as const);
  return Object.freeze({ ...limits, ...Object.fromEntries(narrower) });
}

/**
 * The limits of a profile.
 *
 * @throws CordonError `usage` when there is none of that name.
 */
export function profileNamed(name: string): Limits {
  const found = PROFILE_NAMES.find((one) => one === name);
  if (found !== undefined) return LIMIT_PROFILES[found];
  const near = typeof name === "string" ? nearest(name, PROFILE_NAMES) : undefined;
  const hint = near === undefined ? `the profiles are ${PROFILE_NAMES.join(", ")}` : `did you mean ${near}?`;
  throw new CordonError(
    "usage",
    `Cannot use the limits profile ${shownValue(name)}: there is none of that name; ${hint}`,
  );
}

function isLimit(name: string): name is keyof Limits {
  return Object.hasOwn(LIMIT_BOUNDS, name);
}

function isWithin(value: unknown, [minimum, maximum]: readonly [number, number]): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= minimum && value <= maximum;
}

function outOfBounds(name: keyof Limits, value: unknown): CordonError {
  if (name === "maxThreads" && typeof value === "number" && Number.isSafeInteger(value) && value > 1)
    return noThreads(value);
  const [minimum, maximum] = LIMIT_BOUNDS[name];
  const range = minimum === maximum ? `only ${minimum}` : `a whole number from ${minimum} to ${maximum}`;
  return new CordonError("usage", `Cannot set the limit ${name} to ${shownValue(value)}: it takes ${range}`);
}

function attempt<T>(read: () => T, problems: CordonError[]): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof CordonError)) throw thrown;
    problems.push(thrown);
    return undefined;
  }
}

/** One error for all of them. */
function together(problems: readonly CordonError[]): CordonError {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) return first;
  const code = problems.every((one) => one.code === first?.code) ? (first?.code ?? "usage") : "usage";
  const list = problems.map(({ message }, index) => `(${index + 1}) ${message}`).join("; ");
  return new CordonError(code, `Cannot set the limits, ${problems.length} problems: ${list}`);
}

function noThreads(asked: number): CordonError {
  return new CordonError(
    "unsupported",
    `Cannot set the limit maxThreads to ${asked}: guests have one thread; components that share memory between threads are refused`,
  );
}

function unknownLimit(name: string): CordonError {
  const near = nearest(name, Object.keys(LIMIT_BOUNDS));
  const hint = near === undefined ? `the limits are ${Object.keys(LIMIT_BOUNDS).join(", ")}` : `did you mean ${near}?`;
  return new CordonError("usage", `Cannot set the limit ${quoteText(name, 80)}: there is none of that name; ${hint}`);
}
