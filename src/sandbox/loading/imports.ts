import type { InterfaceDeclaration } from "../../host/capability.ts";
import type { ImportLink } from "../../runtime/messages.ts";
import { CordonError } from "../../shared/errors.ts";
import { ownFunctionsHint } from "../../shared/text/remedy.ts";
import { findServing } from "../../shared/wit/interface-name.ts";
import type { Plan } from "../../shared/plan/plan.ts";
import { printFunctionType } from "../../shared/wit/print-wit.ts";
import { escapeInvisible } from "../../shared/text/quote-text.ts";
import type { ComponentInterface, WitInterface } from "../../shared/wit/wit.ts";

/** How many problems one message names. */
const MAX_NAMED = 200;

/** How much of one problem is shown, in UTF-16 code units. */
const MAX_PROBLEM_LENGTH = 1000;

/** Where the printed type of a wanted function is cut; what the host provides is shorter, so a cut type is none of it. */
const MAX_TYPE_LENGTH = 4_000;

/** What stands for the interface of functions that belong to none. */
const AT_ROOT = { name: "" } as const;

/** How much of a type is shown. */
const MAX_SHOWN_TYPE = 400;

/**
 * Matches what a component imports with what the host provides.
 *
 * @throws CordonError `unsupported` that names every import which is missing or of another type.
 */
export function resolveImports(
  component: ComponentInterface,
  plan: Plan,
  provided: readonly InterfaceDeclaration[],
): readonly ImportLink[] {
  const problems = importProblems(component, provided);
  if (problems.length > 0) {
    const named = problems.slice(0, MAX_NAMED).join(", ");
    const rest = problems.length > MAX_NAMED ? ` and ${problems.length - MAX_NAMED} more` : "";
    const hint = problems.some(isOfEmbedder) ? `; ${embedderHint()}` : "";
    throw new CordonError(
      "unsupported",
      `Cannot load the component: it imports what this version does not provide: ${named}${rest}${hint}`,
    );
  }
  const serving = new Map(
    [AT_ROOT, ...component.imports.interfaces].map((one) => [one.name, findServing(one, provided)]),
  );
  return plan.imports.flatMap((imported) => {
    const name = imported.path.at(-1);
    if (imported.kind !== "function" || name === undefined) return [];
    const host = serving.get(imported.path.length === 1 ? AT_ROOT.name : (imported.path[0] ?? ""));
    if (host === undefined) return [];
    const result = plan.functionTypes[imported.type]?.result;
    const fallible = result !== undefined && plan.types[result]?.kind === "result";
    return [{ path: imported.path, providedBy: host.name, version: host.version, name, fallible }];
  });
}

/** Whose the interfaces are that only Cordon provides. */
const OF_CORDON = /^(?:wasi|cordon|sandbox):/;

/** What to do about an import that is neither WASI's nor Cordon's. */
export const embedderHint: () => string = ownFunctionsHint;

/** Whether a problem is about an import that an embedder could provide: a function, of an interface of its own or of none. */
export function isOfEmbedder(problem: string): boolean {
  return !OF_CORDON.test(problem) && !/ \(an? (?:component|module|value)\)$/.test(problem);
}

/**
 * The imports that cannot be provided, each in words on one line; empty when the component can run. Types are compared
 * too: arguments are lifted by the component's own declaration, so a host function must never be linked under
 * another type than its own.
 */
export function importProblems(
  { imports }: ComponentInterface,
  provided: readonly InterfaceDeclaration[],
): readonly string[] {
  const resources = imports.other.filter(({ kind }) => kind === "resource").map(({ name }) => name);
  const problems = [
    ...imports.other.filter(({ kind }) => kind !== "resource").map(({ name, kind }) => `${name} (a ${kind})`),
    ...mismatches({ ...AT_ROOT, functions: imports.functions, resources }, findServing(AT_ROOT, provided)),
  ];
  for (const imported of imports.interfaces.filter(isUsed)) {
    const host = findServing(imported, provided);
    if (host === undefined) problems.push(shownName(imported));
    else problems.push(...mismatches(imported, host));
  }
  return problems.map((problem) => escapeInvisible(problem.slice(0, MAX_PROBLEM_LENGTH)));
}

function shownName({ name, implements: implemented }: WitInterface): string {
  return implemented === undefined ? name : `${name} (which implements ${implemented})`;
}

function isUsed({ functions, resources }: WitInterface): boolean {
  return functions.length + resources.length > 0;
}

/** What of an interface the host does not have; of the functions that belong to none, where the name is empty. */
function mismatches(
  imported: Pick<WitInterface, "name" | "functions" | "resources">,
  host: InterfaceDeclaration | undefined,
): readonly string[] {
  const within = imported.name === AT_ROOT.name ? "" : `${imported.name}#`;
  const problems = imported.resources
    .filter((name) => host?.resources?.includes(name) !== true)
    .map((name) => `${within}${name} (a resource)`);
  for (const wanted of imported.functions) {
    const found = host?.functions.find(({ name }) => name === wanted.name);
    const type = printFunctionType(wanted, { maxLength: MAX_TYPE_LENGTH });
    if (found === undefined) problems.push(`${within}${wanted.name}`);
    else if (found.type !== type) {
      problems.push(`${within}${wanted.name} of type ${cut(type)} (it is ${cut(found.type)})`);
    }
  }
  return problems;
}

function cut(type: string): string {
  return type.length > MAX_SHOWN_TYPE ? `${type.slice(0, MAX_SHOWN_TYPE)}…` : type;
}
