import type { PlanCoreFunction } from "../../../shared/plan/plan.ts";
import type { CoreValue } from "../../abi/core-values.ts";
import { trap } from "../../abi/trap.ts";
import type { CanonFunction, EngineParts } from "../engine-parts.ts";
import { CANCELLED_EVENT, type Event, NO_EVENT, Waitable, WaitableSet } from "../tasks/waitable.ts";

type WaitFunction = Extract<PlanCoreFunction, { readonly kind: "waitable-set.wait" | "waitable-set.poll" }>;

/** Bytes of the two numbers of an event. */
const EVENT_BYTES = 8;

/** `canon waitable-set.wait` and `waitable-set.poll`. */
export function waitFunction({ scheduler, stateOf, items }: EngineParts, core: WaitFunction): CanonFunction {
  const state = stateOf(core.instance);
  return (task, [set, pointer]) => {
    const memory = items.memory(core.memory);
    const store = ([code, first, second]: Event): CoreValue => {
      const at = typeof pointer === "bigint" ? Number(BigInt.asUintN(64, pointer)) : (pointer ?? 0) >>> 0;
      memory.refresh();
      memory.check(at, EVENT_BYTES, 4);
      memory.view.setUint32(at, first, true);
      memory.view.setUint32(at + 4, second, true);
      return code;
    };
    const { kind, cancellable } = core;
    if (kind === "waitable-set.wait" && !task.mayBlock) trap("waits in a function that may not");
    const waitables = state.handles.get(Number(set) >>> 0, WaitableSet, "a waitable set");
    if (task.deliversCancel(cancellable)) return store(CANCELLED_EVENT);
    if (waitables.hasPending) return store(waitables.takePending());
    if (kind === "waitable-set.poll") return store(NO_EVENT);
    waitables.waiting += 1;
    return scheduler.suspend({ task, isReady: () => waitables.hasPending, cancellable }, (cancelled) => {
      waitables.waiting -= 1;
      return store(cancelled ? CANCELLED_EVENT : waitables.takePending());
    });
  };
}

/** `canon waitable-set.new`, `waitable-set.drop` and `waitable.join`. */
export function waitableFunction(
  { stateOf }: EngineParts,
  { kind, instance }: { readonly kind: string; readonly instance: number },
): CanonFunction {
  const { handles } = stateOf(instance);
  switch (kind) {
    case "waitable-set.new":
      return () => handles.add(new WaitableSet());
    case "waitable-set.drop":
      return (_task, [given]) => {
        const index = Number(given) >>> 0;
        handles.get(index, WaitableSet, "a waitable set").assertUnused();
        handles.remove(index);
        return undefined;
      };
    default:
      return (_task, [waitable, given]) => {
        const found = handles.get(Number(waitable) >>> 0, Waitable, "something that can be waited for");
        const set = Number(given) >>> 0;
        found.join(set === 0 ? undefined : handles.get(set, WaitableSet, "a waitable set"));
        return undefined;
      };
  }
}
