import type { CanonOptions, CoreItem, PlanCoreFunction, TypeIndex } from "../../shared/plan/plan.ts";
import type { CanonDefinition, CanonOptionsDefinition, LiftDefinition } from "../binary/definitions.ts";
import { resourceOf, typeOfUse } from "./evaluate-type.ts";
import { type Frame, valid } from "./frame.ts";
import type { PlanBuilder } from "./plan-builder.ts";

/** Carries out a canonical definition: plans the function that it makes. */
export function evaluateCanon(builder: PlanBuilder, frame: Frame, canon: CanonDefinition): void {
  if (canon.kind === "lift") {
    lift(builder, frame, canon);
    return;
  }
  if (canon.kind === "thread") builder.refuse(`the built-in ${canon.name}, since threads are not supported`);
  const planned = canon.kind === "thread" ? undefined : coreFunction(builder, frame, canon);
  const index = planned === undefined ? -1 : builder.addCoreFunction(planned);
  frame.core.function.push({ item: { from: "canon", index }, address64: false });
}

function lift(builder: PlanBuilder, frame: Frame, { core, options, type: index }: LiftDefinition): void {
  const found = frame.type(index);
  const type = valid(found.sort === "function" ? found : undefined);
  const fn = builder.addFunction({
    from: "lift",
    instance: frame.instanceIn(builder),
    core: frame.coreEntity("function", core).item,
    type: builder.functionType(type),
    options: optionsOf(frame, options),
  });
  frame.push({ sort: "function", index: fn, type });
}

function coreFunction(
  builder: PlanBuilder,
  frame: Frame,
  canon: Exclude<CanonDefinition, { readonly kind: "lift" | "thread" }>,
): PlanCoreFunction {
  const instance = frame.instanceIn(builder);
  const typeAt = (index: number): TypeIndex => builder.types.index(typeOfUse(frame, index));
  switch (canon.kind) {
    case "lower":
      return {
        instance,
        kind: canon.kind,
        function: valid(frame.functions[canon.function]).index,
        options: optionsOf(frame, canon.options),
      };
    case "resource.new":
    case "resource.rep":
    case "resource.drop":
      return { instance, kind: canon.kind, resource: resourceOf(frame, canon.resource).resource.index };
    case "task.return": {
      const result = canon.result === undefined ? {} : { result: builder.types.index(typeOfUse(frame, canon.result)) };
      return { instance, kind: canon.kind, ...result, options: optionsOf(frame, canon.options) };
    }
    case "context.get":
    case "context.set":
      return { instance, kind: canon.kind, slot: canon.slot, type: canon.type };
    case "subtask.cancel":
      return { instance, kind: canon.kind, async: canon.async };
    case "thread.yield":
      return { instance, kind: canon.kind, cancellable: false };
    case "waitable-set.wait":
    case "waitable-set.poll": {
      const { item, address64 } = frame.coreEntity("memory", canon.memory);
      return { instance, kind: canon.kind, cancellable: false, memory: item, memory64: address64 };
    }
    case "stream.new":
    case "stream.drop-readable":
    case "stream.drop-writable":
      return { instance, kind: canon.kind, type: typeAt(canon.type) };
    case "future.new":
    case "future.drop-readable":
    case "future.drop-writable":
      return { instance, kind: canon.kind, type: typeAt(canon.type) };
    case "stream.read":
    case "stream.write":
    case "future.read":
    case "future.write":
      return { instance, kind: canon.kind, type: typeAt(canon.type), options: optionsOf(frame, canon.options) };
    case "stream.cancel-read":
    case "stream.cancel-write":
    case "future.cancel-read":
    case "future.cancel-write":
      return { instance, kind: canon.kind, type: typeAt(canon.type), async: canon.async };
    case "error-context.new":
    case "error-context.debug-message":
      return { instance, kind: canon.kind, options: optionsOf(frame, canon.options) };
    default:
      return { instance, kind: canon.kind };
  }
}

function optionsOf(frame: Frame, definition: CanonOptionsDefinition): CanonOptions {
  const fn = (name: "realloc" | "postReturn" | "callback"): Partial<Record<typeof name, CoreItem>> => {
    const index = definition[name][0];
    return index === undefined ? {} : { [name]: frame.coreEntity("function", index).item };
  };
  const memoryIndex = definition.memory[0];
  const memory = memoryIndex === undefined ? undefined : frame.coreEntity("memory", memoryIndex);
  return {
    encoding: definition.encodings[0] ?? "utf8",
    ...(memory === undefined ? {} : { memory: memory.item }),
    memory64: memory?.address64 === true,
    ...fn("realloc"),
    ...fn("postReturn"),
    async: definition.async > 0,
    ...fn("callback"),
  };
}
