import type { PlanCoreFunction } from "../../../shared/plan/plan.ts";
import type { CoreValue } from "../../abi/core-values.ts";
import { trap } from "../../abi/trap.ts";
import type { ComponentState } from "../component-state.ts";
import type { CanonFunction, EngineParts } from "../engine-parts.ts";
import {
  COPY,
  type CopyEnd,
  type CopySide,
  GuestBuffer,
  ReadableEnd,
  SharedFuture,
  SharedStream,
  WritableEnd,
} from "../tasks/shared-copy.ts";
import { BLOCKED } from "./task-functions.ts";
import type { Task } from "../tasks/task.ts";
import { EVENT, type Event } from "../tasks/waitable.ts";

type CopyFunction = Extract<
  PlanCoreFunction,
  { readonly kind: "stream.read" | "stream.write" | "future.read" | "future.write" }
>;
type CancelFunction = Extract<
  PlanCoreFunction,
  { readonly kind: "stream.cancel-read" | "stream.cancel-write" | "future.cancel-read" | "future.cancel-write" }
>;
type EndFunction = Extract<
  PlanCoreFunction,
  {
    readonly kind:
      | "stream.new"
      | "stream.drop-readable"
      | "stream.drop-writable"
      | "future.new"
      | "future.drop-readable"
      | "future.drop-writable";
  }
>;

/** Bits of what a copy of a stream answers that tell its result; the rest is how many elements were copied. */
const RESULT_BITS = 4;

const EVENT_OF = {
  "stream.read": EVENT.streamRead,
  "stream.write": EVENT.streamWrite,
  "future.read": EVENT.futureRead,
  "future.write": EVENT.futureWrite,
} as const;

/** `canon stream.new`, `stream.drop-readable` and so on. */
export function endFunction({ stateOf, prepared, scheduler }: EngineParts, core: EndFunction): CanonFunction {
  const { kind, type } = core;
  const state = stateOf(core.instance);
  if (kind === "stream.new" || kind === "future.new") {
    const isPlain = prepared.isPlain(type);
    return () => {
      const shared = kind === "stream.new" ? new SharedStream(type, isPlain) : new SharedFuture(type, isPlain);
      const readable = state.handles.add(new ReadableEnd(shared));
      const writable = state.handles.add(new WritableEnd(shared));
      return BigInt(readable) | (BigInt(writable) << 32n);
    };
  }
  const isReadable = kind.endsWith("readable");
  return (_task, [given]) => {
    const index = Number(given) >>> 0;
    const end = endAt(state, index, { isReadable, type });
    end.drop();
    state.handles.remove(index);
    scheduler.stir();
    return undefined;
  };
}

/** `canon stream.read` and `stream.write`, `future.read` and `future.write`. */
export function copyFunction(parts: EngineParts, core: CopyFunction): CanonFunction {
  const { prepared, items, contexts, stateOf } = parts;
  const { kind, type, options } = core;
  const state = stateOf(core.instance);
  const elements = prepared.elements(type, options);
  const isStream = kind.startsWith("stream");
  const isReadable = kind.endsWith("read");
  return (task, [given, pointer, count]) => {
    if (!task.mayBlock && !options.async) trap("waits in a function that may not");
    const index = Number(given) >>> 0;
    const end = endAt(state, index, { isReadable, type });
    if (end.copying !== "idle") trap("used the end of a stream or future that is in use or done");
    if (!options.async && end.set !== undefined)
      trap("waits for the end of a stream or future that is in a waitable set");
    const bound = items.bind(options);
    const owner = { state, scope: undefined };
    const range = { at: bound.pointers.of(pointer ?? 0), length: isStream ? bound.pointers.of(count ?? 0) : 1 };
    const buffer = new GuestBuffer(elements, range, {
      lift: (forEmbedder) => contexts.lift(bound, owner, forEmbedder ? "caller" : "guest"),
      lower: (isEmbedders) => contexts.lower(bound, { ...owner, isEmbedders }),
    });
    const event = (result: number): Event => {
      const isDone = result === COPY.dropped || (!isStream && result === COPY.completed);
      end.copying = isDone ? "done" : "idle";
      return [EVENT_OF[kind], index, isStream ? result | (buffer.progress << RESULT_BITS) : result];
    };
    const side: CopySide = {
      state,
      buffer,
      progressed: (release) =>
        end.setPending(() => {
          release();
          return event(COPY.completed);
        }),
      ended: (result) => end.setPending(() => event(result)),
    };
    end.side = side;
    if (isReadable) end.shared.read(side);
    else end.shared.write(side);
    parts.scheduler.stir();
    return settled(parts, task, end, { isAsync: options.async, while: options.async ? "async" : "sync" });
  };
}

/** `canon stream.cancel-read` and so on. */
export function cancelFunction(parts: EngineParts, core: CancelFunction): CanonFunction {
  const state = parts.stateOf(core.instance);
  const isReadable = core.kind.endsWith("read");
  return (task, [given]) => {
    if (!task.mayBlock && !core.async) trap("waits in a function that may not");
    const end = endAt(state, Number(given) >>> 0, { isReadable, type: core.type });
    if (end.copying !== "async") trap("cancelled a read or write of a stream or future where none is under way");
    if (!core.async && end.set !== undefined) trap("waits for the end of a stream or future that is in a waitable set");
    end.copying = "cancelling";
    // What was copied so far is told with it, also where that was to be told by itself.
    end.shared.cancel(end.side);
    parts.scheduler.stir();
    return settled(parts, task, end, { isAsync: core.async, while: "cancelling" });
  };
}

/** The answer when the copy has ended, or that it goes on. */
function settled(
  { scheduler }: EngineParts,
  task: Task,
  end: CopyEnd,
  { isAsync, while: copying }: { readonly isAsync: boolean; readonly while: CopyEnd["copying"] },
): CoreValue | Promise<CoreValue> {
  const take = (): CoreValue => end.takePending()[2] | 0;
  if (end.hasPending) return take();
  end.copying = copying;
  if (isAsync) return BLOCKED;
  return scheduler.suspend({ task, isReady: () => end.hasPending, cancellable: false }, take);
}

function endAt(
  state: ComponentState,
  index: number,
  { isReadable, type }: { readonly isReadable: boolean; readonly type: number },
): CopyEnd {
  const end = isReadable
    ? state.handles.get(index, ReadableEnd, "the readable end of a stream or future")
    : state.handles.get(index, WritableEnd, "the writable end of a stream or future");
  end.assertType(type);
  return end;
}
