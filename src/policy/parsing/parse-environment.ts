import { SECRETS_KEY_VARIABLE } from "../../shared/own-variables.ts";
import { describe, type Problems, quote, section, strings } from "../problems.ts";

/**
 * Variables that a guest sees. `none`: none, the default. `full`: all of the host's. In parts: `set` gives variables of its own,
 * `allow` passes these of the host's, or all, `deny` without `allow` passes all of the host's but these, and both together pass
 * what is allowed and not denied.
 */
export type EnvironmentInput =
  | "none"
  | "full"
  | {
      /** Variables of the guest's own, by name; default none. */
      readonly set?: Readonly<Record<string, string>>;
      /** Names of the host's variables that it sees, or all; default none, or all but those of `deny` where there is one. */
      readonly allow?: "all" | readonly string[];
      /** Names of the host's variables that it does not see, whatever `allow` says, or with why, which is told with a denial and in its event; default none. */
      readonly deny?: readonly DeniedVariable[];
    };

/** A variable that is denied by its name. */
export type DeniedVariable =
  | string
  | {
      /** The name of the host's variable. */
      readonly name: string;
      /** Why, on one line. */
      readonly reason: string;
    };

/** The names of variables that are denied. */
export function deniedNames(deny: readonly DeniedVariable[] = []): readonly string[] {
  return deny.map((one) => (typeof one === "string" ? one : one.name));
}

type Variable = readonly [name: string, value: string];

/**
 * Reads the environment part of grants; what is wrong goes to `problems`.
 *
 * @param host the host's environment; `undefined` when the caller gave none, and then nothing of it can be granted
 */
export function parseEnvironment(
  value: unknown,
  host: Readonly<Record<string, string | undefined>> | undefined,
  problems: Problems,
): readonly Variable[] {
  if (value === undefined || value === "none") return Object.freeze([]);
  const parts = value === "full" ? { allow: "all" } : section(value, "environment", ["set", "allow", "deny"], problems);
  const all = parts["allow"] === "all";
  const allow = all ? undefined : names(parts["allow"], "environment.allow", problems);
  const deny = names(withoutReasons(parts["deny"], problems), "environment.deny", problems);
  const set = parseSet(parts["set"], problems);
  for (const [name] of set) {
    if (deny !== undefined && hasName(deny, name)) {
      problems.push(`Cannot set the variable ${quote(name)}: environment.deny names it as well; leave it out of one`);
    }
  }
  if (deny?.length === 0 && !all && allow === undefined) {
    problems.push(
      'Cannot read environment.deny: an empty list would pass every variable; write allow: "all" if that is meant',
    );
  }
  if (allow?.some((name) => name.toUpperCase() === SECRETS_KEY_VARIABLE)) {
    problems.push(`Cannot pass the variable ${SECRETS_KEY_VARIABLE}: it opens all secrets, and no guest ever gets it`);
  }
  const inherits = all || allow !== undefined || deny !== undefined;
  if (inherits && host === undefined) {
    problems.push(
      "Cannot pass variables of the host: its environment was not given; give it as env, or set the variables",
    );
  }
  const passed = inherits
    ? Object.entries(host ?? {}).filter(
        ([name]) =>
          (allow === undefined || hasName(allow, name)) &&
          (deny === undefined || !hasName(deny, name)) &&
          name.toUpperCase() !== SECRETS_KEY_VARIABLE,
      )
    : [];
  const variables = new Map<string, string>();
  for (const [name, text] of passed) {
    if (text !== undefined && problemOf(name, text) === undefined) variables.set(name, text);
  }
  for (const [name, text] of set) variables.set(name, text);
  return Object.freeze([...variables].map((variable) => Object.freeze(variable)));
}

/** What the reasons of denied variables are, by their names. */
export function variableReasons(
  value: EnvironmentInput | undefined,
): readonly (readonly [name: string, reason: string])[] {
  if (typeof value !== "object" || !Array.isArray(value.deny)) return [];
  return (value.deny as readonly DeniedVariable[]).flatMap((one) =>
    typeof one === "object" ? [[one.name, one.reason] as const] : [],
  );
}

function withoutReasons(value: unknown, problems: Problems): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((one: unknown, index) => {
    if (typeof one !== "object" || one === null || Array.isArray(one)) return one;
    const { name, reason } = section(one, `environment.deny[${index}]`, ["name", "reason"], problems);
    if (typeof reason !== "string") problems.push(`Cannot read environment.deny[${index}].reason: expected a string`);
    return name;
  });
}

function names(value: unknown, name: string, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  return strings(value, name, problems).filter((written) => {
    const problem = problemOf(written, "");
    if (problem !== undefined) problems.push(`Cannot read ${name}: ${quote(written)} ${problem}`);
    return problem === undefined;
  });
}

function parseSet(value: unknown, problems: Problems): readonly Variable[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.push(`Cannot read environment.set: expected an object of strings, found ${describe(value)}`);
    return [];
  }
  const found: Variable[] = [];
  for (const [name, text] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    if (typeof text !== "string") {
      problems.push(`Cannot set the variable ${quote(name)}: expected a string, found ${describe(text)}`);
      continue;
    }
    const problem = problemOf(name, text);
    if (problem === undefined) found.push([name, text]);
    else problems.push(`Cannot set the variable ${quote(name)}: it ${problem}`);
  }
  return found;
}

/** What keeps a variable from being one. Windows has hidden ones that begin with `=`, which are no variables either. */
function problemOf(name: string, text: string): string | undefined {
  if (name === "") return "has an empty name";
  if (name.includes("=")) return "has an equals sign in its name";
  if (name.includes("\0") || text.includes("\0")) return "has a NUL character";
  return name.isWellFormed() && text.isWellFormed() ? undefined : "is not valid Unicode";
}

/** Windows takes no account of letter case in names, so a list that left out `Path` would let `PATH` through. */
export function hasName(list: readonly string[], name: string): boolean {
  if (process.platform !== "win32") return list.includes(name);
  return list.some((one) => one.toUpperCase() === name.toUpperCase());
}
