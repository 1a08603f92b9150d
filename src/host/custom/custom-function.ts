import type { CustomGrant } from "../../policy/grants.ts";
import { cutResource, quote } from "../text.ts";

/** A host function of the embedder, as the guests' side knows it: plain data that can be posted to a worker. */
export interface CustomFunction {
  /** Who imports it: components, by its interface, or core modules, by a module's name. */
  readonly importedBy: "component" | "core-module";
  /**
   * The interface's name without a version, such as `acme:mail/outbox`, empty for a function that belongs to none; the module's name, such
   * as `env`.
   */
  readonly interface: string;
  /** Its version, such as `0.1.0`, where the embedder gave one. */
  readonly version: string | undefined;
  readonly name: string;
  /** Its type, as `printFunctionType` prints it; for core modules its core type, such as `(i32) -> i64`. */
  readonly type: string;
  /** The custom capability that it needs. */
  readonly capability: string;
  /** The parameter that must satisfy a grant of numbers or texts; `undefined` when the embedder's own check decides alone. */
  readonly checked: CheckedParameter | undefined;
  /** Whether its type is asynchronous: then guests can cancel a call, and what is asked is an {@link AsyncCall}. */
  readonly async: boolean;
  /** Whether it takes handles or streams, which are let go of on the embedder's side when it is denied. */
  readonly takesHandles: boolean;
  /** Whether its WIT result is a `result`. */
  readonly fallible: boolean;
  /** Whether that has an `err` of text, in which a failure is returned. Without it, a failure is a trap. */
  readonly failsAsText: boolean;
}

/** A call of an asynchronous function, as it is asked for. */
export interface AsyncCall {
  /** Numbers the calls of an invocation, for {@link CANCEL_SERVICE}. */
  readonly call: number;
  readonly parameters: readonly unknown[];
}

/** A resource of the embedder, as the guests' side knows it. Its objects are numbers there. */
export interface CustomResource {
  readonly importedBy: "resource";
  /** The interface that defines it, and its version, as those of functions. */
  readonly interface: string;
  readonly version: string | undefined;
  readonly name: string;
}

/** What the embedder provides. */
export type CustomImport = CustomFunction | CustomResource;

/** The service that gets the number of an object when no guest has a handle of it any more. */
export const DROP_SERVICE = "custom-drop";

/** The service that is told the number of a call which its guest has cancelled. */
export const CANCEL_SERVICE = "custom-cancel";

/** A parameter that a grant is compared with. */
export interface CheckedParameter {
  readonly name: string;
  readonly index: number;
}

/** What the embedder's side answers. */
export type CustomAnswer =
  /** What the function returned, of the WIT type that it has; for a `result`, its case. */
  | { readonly kind: "returned"; readonly value: unknown }
  /** It may not be called like this. Recorded already. */
  | { readonly kind: "denied"; readonly reason: string }
  /** It threw, or returned what is not of its type. */
  | { readonly kind: "failed"; readonly reason: string };

/** The outcome of a check. */
export type CustomDecision =
  | { readonly allowed: true; readonly grant: CustomGrant }
  | { readonly allowed: false; /** Why not; one line. */ readonly reason: string };

/** The function that core modules import by these names. */
export function coreFunctionOf(
  provided: readonly CustomImport[],
  module: string,
  name: string,
): CustomFunction | undefined {
  return provided.find((one) => one.importedBy === "core-module" && one.interface === module && one.name === name) as
    | CustomFunction
    | undefined;
}

/** A function as messages name it: with the interface or module that it is imported from, if any. */
export function customLabel({ interface: of, name }: Pick<CustomFunction, "interface" | "name">): string {
  return of === "" ? name : `${of}#${name}`;
}

/** The service on the embedder's thread that a function is. */
export function customService(fn: Pick<CustomFunction, "importedBy" | "interface" | "version" | "name">): string {
  const { importedBy, interface: of, version = "", name } = fn;
  // Names of core modules and of what is in them may hold anything.
  return importedBy === "component" ? `custom:${of}@${version}#${name}` : `custom-core:${JSON.stringify([of, name])}`;
}

/**
 * Whether a guest may call a function with these parameters, as far as the grant says so: nothing when it is missing or `false`;
 * everything when it is `true`; for a range, a number within it, both ends included; for texts, exactly one of them, compared by
 * code units. What is compared is the checked parameter; without one, a grant of numbers or texts leaves it to the embedder's
 * own check.
 */
export function checkCustom(
  { capability, checked }: Pick<CustomFunction, "capability" | "checked">,
  granted: Readonly<Record<string, CustomGrant>>,
  parameters: readonly unknown[],
): CustomDecision {
  // Names such as `constructor` are on the prototype of every object.
  const grant = Object.hasOwn(granted, capability) ? granted[capability] : undefined;
  if (grant === undefined || (grant.kind === "boolean" && !grant.value)) {
    return { allowed: false, reason: `the custom capability ${quote(capability)} is not granted` };
  }
  if (grant.kind === "boolean" || checked === undefined) return { allowed: true, grant };
  const value = parameters[checked.index];
  if (satisfies(grant, value)) return { allowed: true, grant };
  return {
    allowed: false,
    reason: `${checked.name} is not ${describeGrant(grant)}, which ${quote(capability)} is granted for`,
  };
}

function satisfies(grant: Exclude<CustomGrant, { readonly kind: "boolean" }>, value: unknown): boolean {
  switch (grant.kind) {
    case "numeric":
      // Comparing bigints with numbers is exact, and nothing compares with NaN.
      return (
        (typeof value === "number" || typeof value === "bigint") && value >= grant.minimum && value <= grant.maximum
      );
    case "string":
      return value === grant.value;
    case "string-list":
      return typeof value === "string" && grant.values.includes(value);
  }
}

function describeGrant(grant: Exclude<CustomGrant, { readonly kind: "boolean" }>): string {
  switch (grant.kind) {
    case "numeric":
      return `from ${grant.minimum} to ${grant.maximum}`;
    case "string":
      return "the text";
    case "string-list":
      return "one of the texts";
  }
}

/** What an audit event shows of a call: the capability, and the parameter that is checked. */
export function customResource(
  { capability, checked }: Pick<CustomFunction, "capability" | "checked">,
  parameters: readonly unknown[],
): string {
  if (checked === undefined) return cutResource(capability);
  const value = parameters[checked.index];
  const isNumber = typeof value === "number" || typeof value === "bigint";
  const shown = typeof value === "string" ? quote(value) : isNumber ? String(value) : "...";
  return cutResource(`${capability} ${checked.name}=${shown}`);
}
