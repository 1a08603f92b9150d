import type { MissingImports } from "./missing-imports.ts";
import { coreFunctionOf, type CustomImport } from "../../host/custom/custom-function.ts";
import { DECLARED_CORE_MODULES } from "../../host/declared-interfaces.ts";
import type { CoreProgram } from "../../runtime/messages.ts";
import type { CoreImport, CoreModuleShape } from "../../shared/plan/core-module.ts";
import { CordonError } from "../../shared/errors.ts";
import { ownFunctionsHint, reasonWith } from "../../shared/text/remedy.ts";
import { escapeInvisible, quoteText } from "../../shared/text/quote-text.ts";

/** How many problems one message names. */
const MAX_NAMED = 20;

/** How much is shown of a name and of a type, in UTF-16 code units. */
const MAX_SHOWN = 80;

/** Why an import cannot be linked. */
interface Problem {
  readonly text: string;
  /** Whether it is a function that nothing provides, which can be left to trap. */
  readonly canTrap: boolean;
}

/**
 * Matches what a core module imports with what is provided, by Cordon and by the embedder.
 *
 * @throws CordonError `unsupported` that names what is missing or of another type, and what would allow it.
 */
export function resolveCoreImports(
  shape: CoreModuleShape,
  custom: readonly CustomImport[],
  missing: MissingImports,
): CoreProgram {
  const problems = problemsOf(shape, custom).filter(({ canTrap }) => !canTrap || missing === "refuse");
  if (problems.length === 0) return { ...shape, trapsMissing: missing === "trap" };
  const named = problems.slice(0, MAX_NAMED).map(({ text }) => text);
  const rest = problems.length > MAX_NAMED ? ` and ${problems.length - MAX_NAMED} more` : "";
  const message = `Cannot load the core module: it imports ${named.join(", ")}${rest}`;
  if (problems.every(({ canTrap }) => !canTrap)) throw new CordonError("unsupported", message);
  const remedies = [{ setting: "missingImports", value: "trap" }] as const;
  const hint = `${ownFunctionsHint()}, or have them trap when they are called`;
  throw new CordonError("unsupported", reasonWith(`${message}; ${hint}`, remedies), { remedies });
}

/** The imports that nothing provides, or not under their type, each in words on one line. */
export function coreImportProblems(shape: CoreModuleShape, custom: readonly CustomImport[]): readonly string[] {
  return problemsOf(shape, custom).map(({ text }) => text);
}

function problemsOf({ imports }: CoreModuleShape, custom: readonly CustomImport[]): readonly Problem[] {
  return imports.flatMap((wanted) => problemOf(wanted, custom) ?? []);
}

function problemOf(wanted: CoreImport, custom: readonly CustomImport[]): Problem | undefined {
  const { module, name, kind, type = "" } = wanted;
  const shown = `${quoteText(module, MAX_SHOWN)} ${quoteText(name, MAX_SHOWN)}`;
  if (kind !== "function") return { text: `${shown} (a ${kind}), which cannot be provided`, canTrap: false };
  const provided = typeProvided(wanted, custom);
  if (provided === undefined) return { text: `${shown}, which is not provided`, canTrap: true };
  if (provided === type) return undefined;
  const found = escapeInvisible(type.slice(0, MAX_SHOWN));
  return { text: `${shown} of type ${found} (it is ${provided})`, canTrap: false };
}

function typeProvided({ module, name }: CoreImport, custom: readonly CustomImport[]): string | undefined {
  const own = DECLARED_CORE_MODULES.find((one) => one.name === module);
  if (own !== undefined) return own.functions.find((one) => one.name === name)?.type;
  return coreFunctionOf(custom, module, name)?.type;
}
