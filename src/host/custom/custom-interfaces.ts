import type { HostContext, HostFunction, HostInterface, HostResult, InterfaceDeclaration } from "../capability.ts";
import { findProvided, versionedName } from "../../shared/wit/interface-name.ts";
import { err, ok } from "../text.ts";
import { reportUses } from "../uses.ts";
import {
  type AsyncCall,
  CANCEL_SERVICE,
  checkCustom,
  type CustomAnswer,
  type CustomFunction,
  type CustomImport,
  customLabel,
  customResource,
  customService,
} from "./custom-function.ts";

/**
 * The embedder's functions and resources as interfaces that components can import. Each call is checked here, and the rest of it is asked of the
 * thread that embeds Cordon, which checks it again and records what came of it.
 */
export function customInterfaces(provided: readonly CustomImport[]): readonly HostInterface[] {
  const ofComponents = provided.filter(({ importedBy }) => importedBy !== "core-module");
  const interfaces = Map.groupBy(ofComponents, (fn) => versionedName(fn.interface, fn.version));
  return [...interfaces.values()].map((members) => {
    const [{ interface: name, version } = { interface: "", version: undefined }] = members;
    return Object.freeze({
      name,
      ...(version === undefined ? {} : { version }),
      resources: Object.freeze(members.flatMap((one) => (one.importedBy === "resource" ? [one.name] : []))),
      functions: Object.freeze(members.flatMap((one) => (one.importedBy === "resource" ? [] : [hostFunction(one)]))),
    });
  });
}

/** Whether a component that imports a resource by this path is given the embedder's. */
export function isCustomResource(path: readonly string[], interfaces: readonly InterfaceDeclaration[]): boolean {
  const [interfaceName, name] = placeOf(path);
  return findProvided(interfaceName, interfaces)?.resources?.includes(name) === true;
}

/** The interface and the name that an import's path leads to; what is imported by the world itself is of the interface without a name. */
export function placeOf(path: readonly string[]): readonly [interfaceName: string, name: string] {
  const [first = "", second] = path;
  return second === undefined ? ["", first] : [first, second];
}

function hostFunction(fn: CustomFunction): HostFunction {
  return Object.freeze({
    name: fn.name,
    type: fn.type,
    blocking: true,
    takesMuch: true,
    call: (context: HostContext, ...parameters: readonly unknown[]) => callCustom(fn, context, parameters),
    ...(fn.async
      ? {
          cancellable: (context: HostContext, cancelled: AbortSignal, ...parameters: readonly unknown[]) =>
            callCustom(fn, context, parameters, cancelled),
        }
      : {}),
  });
}

/** Numbers calls of asynchronous functions over the life of the thread. */
let lastCall = 0;

/** Calls a function of the embedder's for a guest. */
export function callCustom(
  fn: CustomFunction,
  context: HostContext,
  parameters: readonly unknown[],
  cancelled?: AbortSignal,
): HostResult | Promise<HostResult> {
  const decision = checkCustom(fn, context.grants.custom, parameters);
  if (decision.allowed) {
    const label = { action: customLabel(fn), resource: customResource(fn, parameters) };
    reportUses(context, { eventType: "CustomAccess", ...label }, [{ kind: "custom", capability: fn.capability }]);
  }
  // What is denied there is denied by the same check.
  if (decision.allowed || fn.takesHandles) return ask(fn, context, parameters, cancelled);
  context.observe({
    eventType: "CustomAccess",
    action: customLabel(fn),
    resource: customResource(fn, parameters),
    result: "Denied",
    reason: decision.reason,
  });
  return failure(fn, `Permission denied: ${decision.reason}`);
}

/** Nothing here holds the parameters while the answer is waited for: they are gone from this thread when they have been sent. */
function ask(
  fn: CustomFunction,
  context: HostContext,
  parameters: readonly unknown[],
  cancelled: AbortSignal | undefined,
): Promise<HostResult> {
  lastCall += 1;
  const call = lastCall;
  const asked: AsyncCall | readonly unknown[] = fn.async ? { call, parameters } : parameters;
  cancelled?.addEventListener("abort", () => context.tell(CANCEL_SERVICE, call), { once: true });
  return context.ask(customService(fn), asked).then((answer) => resultOf(fn, answer as CustomAnswer, cancelled));
}

function resultOf(fn: CustomFunction, answer: CustomAnswer, cancelled: AbortSignal | undefined): HostResult {
  // It gave up since it was told to.
  if (answer.kind === "failed") cancelled?.throwIfAborted();
  switch (answer.kind) {
    case "returned":
      return fn.fallible ? (answer.value as HostResult) : ok(answer.value);
    case "denied":
      return failure(fn, `Permission denied: ${answer.reason}`);
    case "failed":
      return failure(fn, answer.reason);
  }
}

/** A failure ends the guest where the function has no `err` of text to return it in. */
function failure(fn: CustomFunction, message: string): HostResult<never> {
  if (fn.failsAsText) return err(message);
  throw new Error(`${customLabel(fn)}: ${message}`);
}
