import { escapeInvisible } from "../../shared/text/quote-text.ts";
import { CordonError } from "../../shared/errors.ts";
import type { Plan, PlanFunction } from "../../shared/plan/plan.ts";
import type { Artifact } from "../artifact.ts";
import { boundFunctions } from "../bound-functions.ts";
import { boundInstances } from "../bound-instances.ts";
import { boundedTypeKeys, boundTypes } from "../bound-types.ts";
import { linkDirectly } from "../plan/link-directly.ts";
import type { DecodedComponent } from "../decode-component.ts";
import { type AdmitTypes, hardenCore } from "./harden-core.ts";

/** What an artifact is made from. */
export interface ArtifactRequest {
  readonly component: Uint8Array;
  readonly digest: string;
  /** Whether shared memory and atomic instructions are not refused. */
  readonly sharedMemory: boolean;
}

/**
 * A validated component to artifact: its plan, and its core modules hardened.
 *
 * @param admitTypes Called with the types of a module that the engine is to validate.
 * @throws CordonError `invalid-component`, `unsupported` or `limit`.
 */
export function componentArtifact(
  { component, digest, sharedMemory }: ArtifactRequest,
  { interface: described, plan, unsupported, coreModules }: DecodedComponent,
  admitTypes: AdmitTypes,
): Artifact {
  if (plan === undefined) throw refused(`it uses ${unsupported ?? "what is not supported"}`);
  // What is refused is so for the plan as it was.
  instantiationsOf(plan);
  const bytes = coreModules.map(({ offset, size }) => component.subarray(offset, offset + size));
  boundFunctions(bytes);
  boundTypes(bytes);
  // Modules that are never instantiated are validated with the others, and take their part of the bounds.
  const modules = bytes.map((module, index) => ({
    name: moduleName(index),
    ...hardenCore(module, { threads: sharedMemory, admitTypes }),
  }));
  if (modules.some(({ holdsExceptions }) => holdsExceptions) && plan.functions.some(isStackful)) {
    throw refused("it keeps exceptions, which are counted for one stack, and has tasks on stacks of their own");
  }
  const typeKeys = boundedTypeKeys(modules);
  // All modules are well-formed now.
  const linked = linkDirectly(plan, bytes);
  const instantiations = instantiationsOf(linked);
  const { tables, heapBytes } = boundInstances(modules, instantiations);
  return {
    digest,
    interface: described,
    plan: linked,
    modules: modules.map(({ name, bytes, memories }) => ({ name, bytes, memories })),
    instantiations,
    tables,
    heapBytes,
    typeKeys,
  };
}

/** Whether a task of it keeps its stack while others of its instance run: one that is lifted `async` and has no callback. */
function isStackful(fn: PlanFunction): boolean {
  return fn.from !== "import" && fn.options.async && fn.options.callback === undefined;
}

function moduleName(index: number): string {
  return `core${index}`;
}

function instantiationsOf({ steps }: Plan): readonly string[] {
  return steps.flatMap((step) => {
    if (step.step !== "instantiate") return [];
    if (step.module.from === "import") {
      const name = escapeInvisible(step.module.path.join("#").slice(0, 200));
      throw refused(`it imports the core module ${name}, which nobody can give it`);
    }
    return [moduleName(step.module.index)];
  });
}

function refused(reason: string): CordonError {
  return new CordonError("unsupported", `Cannot load the component: ${reason}`);
}
