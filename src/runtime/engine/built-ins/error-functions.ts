import type { PlanCoreFunction } from "../../../shared/plan/plan.ts";
import { assertWellFormed, decodeBeginning } from "../../abi/guest-text.ts";
import type { CanonFunction, EngineParts } from "../engine-parts.ts";
import { ErrorContext } from "../handles/resource-handle.ts";

type ErrorFunction = Extract<PlanCoreFunction, { readonly kind: "error-context.new" | "error-context.debug-message" }>;

/** The most of a message that is kept, in UTF-16 code units. The specification lets the host change it. */
const MAX_MESSAGE = 1_024;

/** `canon error-context.drop`. */
export function errorDrop({ stateOf }: EngineParts, instance: number): CanonFunction {
  const { handles } = stateOf(instance);
  return (_task, [given]) => {
    const index = Number(given) >>> 0;
    handles.get(index, ErrorContext, "an error context");
    handles.remove(index);
    return undefined;
  };
}

/** `canon error-context.new` and `error-context.debug-message`. */
export function errorFunction({ stateOf, prepared, items, contexts }: EngineParts, core: ErrorFunction): CanonFunction {
  const state = stateOf(core.instance);
  const owner = { state, scope: undefined };
  const { options, kind } = core;
  const text = prepared.codecs(options).text;
  if (kind === "error-context.new") {
    return (_task, [at, length]) => {
      const context = contexts.lift(items.bind(options), owner, "caller");
      const { of } = prepared.codecs(options).pointers;
      const { bytes, encoding } = text.view(context, of(at ?? 0), of(length ?? 0));
      assertWellFormed(context.charges, bytes, encoding);
      return state.handles.add(new ErrorContext(decodeBeginning(bytes, encoding, MAX_MESSAGE)));
    };
  }
  return (_task, [given, pointer]) => {
    const { message } = state.handles.get(Number(given) >>> 0, ErrorContext, "an error context");
    const bound = items.bind(options);
    const context = contexts.lower(bound, owner);
    const at = bound.pointers.of(pointer ?? 0);
    bound.memory?.check(at, text.size, text.align);
    state.mayLeave = false;
    text.store(context, message, at);
    state.mayLeave = true;
    return undefined;
  };
}
