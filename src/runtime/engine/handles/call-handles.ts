import type { HandleScope, Receiver } from "../../abi/context.ts";
import { trap } from "../../abi/trap.ts";
import type { ComponentState } from "../component-state.ts";
import type { ValueOwner } from "./value-owner.ts";
import type { HostValues } from "./host-values.ts";
import { ErrorContext, ResourceHandle } from "./resource-handle.ts";
import { ReadableEnd } from "../tasks/shared-copy.ts";
import { Subtask } from "../tasks/subtask.ts";
import type { Task } from "../tasks/task.ts";

/**
 * The handles of one component instance, for the values of one call: what is lent is lent to the caller's side of it, a
 * {@link Subtask}; what is borrowed is borrowed by the callee's, a {@link Task}.
 */
export class CallHandles implements HandleScope {
  readonly #state: ComponentState;
  readonly #scope: Task | Subtask | undefined;
  readonly #receiver: Receiver;
  readonly #host: HostValues;
  readonly #isEmbedders: boolean;
  /** What is handed over to the host. */
  readonly #owned: unknown[] | undefined;

  constructor({ state, scope, owned, isEmbedders = false }: ValueOwner, receiver: Receiver, host: HostValues) {
    this.#isEmbedders = isEmbedders;
    this.#state = state;
    this.#scope = scope;
    this.#owned = owned;
    this.#receiver = receiver;
    this.#host = host;
  }

  liftOwn(index: number, resource: number): unknown {
    const handle = this.#handle(index, resource);
    if (handle.lends > 0) trap("handed over a handle that is lent");
    if (!handle.owns) trap("handed over a handle that it does not own");
    this.#state.handles.remove(index);
    if (this.#receiver === "caller") return this.#host.ownedOut(handle.rep, resource);
    this.#owned?.push(handle.rep);
    return handle.rep;
  }

  liftBorrow(index: number, resource: number): unknown {
    const handle = this.#handle(index, resource);
    if (this.#scope instanceof Subtask) this.#scope.lend(handle, this.#state.handles);
    return handle.rep;
  }

  lowerOwn(value: unknown, resource: number): number {
    const rep = this.#isEmbedders ? this.#host.repOf(value, resource, "own") : value;
    return this.#state.handles.add(new ResourceHandle(resource, rep));
  }

  lowerBorrow(value: unknown, resource: number): number {
    const rep = this.#isEmbedders ? this.#host.repOf(value, resource, "borrow") : value;
    // Who defined the resource is given what it stands for itself.
    if (this.#host.definerOf(resource) === this.#state) return rep as number;
    const task = this.#scope as Task;
    const index = this.#state.handles.add(new ResourceHandle(resource, rep, task));
    task.borrows += 1;
    return index;
  }

  liftReadable(kind: "stream" | "future", index: number, type: number): unknown {
    const end = this.#state.handles.get(index, ReadableEnd, `the readable end of a ${kind}`);
    end.assertTransferable(type);
    this.#state.handles.remove(index);
    end.join(undefined);
    return this.#receiver === "guest" ? end.shared : this.#host.readableOut(end.shared, type);
  }

  lowerReadable(kind: "stream" | "future", value: unknown, type: number): number {
    const shared = this.#host.sharedOf(value, kind, type);
    return this.#state.handles.add(new ReadableEnd(shared));
  }

  liftErrorContext(index: number): unknown {
    return this.#state.handles.get(index, ErrorContext, "an error context");
  }

  lowerErrorContext(value: unknown): number {
    const context = value instanceof ErrorContext ? value : new ErrorContext("");
    return this.#state.handles.add(context);
  }

  #handle(index: number, resource: number): ResourceHandle {
    const handle = this.#state.handles.get(index, ResourceHandle, "a resource");
    if (handle.resource !== resource) trap(`passed ${index}, which is a handle of another resource`);
    return handle;
  }
}
