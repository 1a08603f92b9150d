import type { HostContext } from "../../host/capability.ts";
import type { CoreGuest, CoreValue, Finish } from "../../host/core/core-function.ts";
import { LinearMemory } from "../../host/core/linear-memory.ts";
import { GUARD_NAMESPACE, MEMORY_NAMESPACE, memoryField } from "../../shared/plan/hardening-profile.ts";
import { guestInstance } from "../instance-modules.ts";
import type { CoreProgram, Program } from "../messages.ts";
import type { EndState } from "../worker/end-state.ts";
import { instancesOnStack } from "../worker/trap-frames.ts";
import { outcomeOfThrown } from "../worker/outcome-of-thrown.ts";
import type { GuestCrossings } from "../worker/crossings/guest-crossings.ts";
import type { GuestMemory } from "../worker/memory/guest-memory.ts";
import type { CallCounter, HostCallGate } from "../worker/host-call-gate.ts";
import { type LinkedCoreFunction, linkedCoreImports } from "./core-imports.ts";

/** What an instance of a core module is made with. */
export interface CoreGuestParts {
  readonly program: Program;
  readonly core: CoreProgram;
  readonly memory: GuestMemory;
  /** What metered modules import from the guard's namespace. */
  readonly guard: WebAssembly.ModuleImports;
  readonly context: HostContext;
  readonly gate: HostCallGate;
  readonly endState: EndState;
  readonly crossings: GuestCrossings;
}

/** What the functions that it imports have of it: nothing, once it has ended. See `GuestImports`. */
interface ModuleLink {
  running: RunningCoreModule | undefined;
}

type Exported = (...parameters: readonly unknown[]) => unknown;

/** An instance of a core module that is run as it is, and what its host functions see of it. */
export class RunningCoreModule implements CoreGuest {
  readonly context: HostContext;
  readonly instance: WebAssembly.Instance;
  readonly crossings: GuestCrossings;
  readonly #link: ModuleLink = { running: this };
  readonly #memory: LinearMemory | undefined;
  readonly #gate: HostCallGate;
  readonly #endState: EndState;

  constructor(parts: CoreGuestParts) {
    const { program, core } = parts;
    this.context = parts.context;
    this.#gate = parts.gate;
    this.#endState = parts.endState;
    this.crossings = parts.crossings;
    const { module, index, memories } = parts.memory.next(program.instantiations[0] ?? "");
    const own = core.memory === undefined ? undefined : memories[memoryField(core.memory)];
    // Before the instance is there its start function may call.
    this.#memory = own === undefined ? undefined : new LinearMemory(() => own.buffer);
    const imports: WebAssembly.Imports = Object.create(null) as WebAssembly.Imports;
    for (const linked of linkedCoreImports(program)) {
      imports[linked.module] ??= Object.create(null) as WebAssembly.ModuleImports;
      (imports[linked.module] as WebAssembly.ModuleImports)[linked.name] = this.#bound(linked);
    }
    imports[MEMORY_NAMESPACE] = memories;
    imports[GUARD_NAMESPACE] = parts.guard;
    this.instance = guestInstance(module, imports, index, instancesOnStack);
  }

  get memory(): LinearMemory {
    if (this.#memory === undefined) throw new Error('the module exports no memory named "memory"');
    return this.#memory;
  }

  callExport(name: string, ...parameters: readonly number[]): unknown {
    return this.#exported(name)(...parameters);
  }

  /** Calls a function that the module exports so that it can be suspended. */
  call(name: string, ...parameters: readonly number[]): Promise<unknown> {
    return WebAssembly.promising(this.#exported(name))(...parameters);
  }

  #exported(name: string): Exported {
    const found = this.instance.exports[name];
    if (typeof found !== "function") throw new Error(`the module exports no function ${JSON.stringify(name)}`);
    return found as Exported;
  }

  #bound(linked: LinkedCoreFunction): unknown {
    const counter = this.#gate.counter(linked.label);
    const link = this.#link;
    const call = (...parameters: (number | bigint)[]): CoreValue | Promise<CoreValue> => {
      if (link.running === undefined) throw new Error("the invocation has ended");
      return link.running.#call(linked, counter, parameters);
    };
    return linked.provided.blocking ? new WebAssembly.Suspending(call) : call;
  }

  /** Nothing of it is called any more. */
  unlink(): void {
    this.#link.running = undefined;
  }

  #call(
    { provided, narrow }: LinkedCoreFunction,
    counter: CallCounter,
    parameters: (number | bigint)[],
  ): CoreValue | Promise<CoreValue> {
    this.#gate.admit(counter);
    for (let index = 0; index < narrow.length; index += 1) {
      if (narrow[index] === true) parameters[index] = (parameters[index] as number) >>> 0;
    }
    try {
      const answer = provided.call(this, ...(parameters as never[]));
      return answer instanceof Promise ? this.#awaited(answer) : answer;
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  async #awaited(answer: Promise<CoreValue | Finish>): Promise<CoreValue> {
    try {
      const value = await this.#gate.wait(answer);
      return typeof value === "function" ? value() : value;
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  /** The guest may catch what is thrown; it does not go on for that. */
  #failed(thrown: unknown): never {
    if (!this.#endState.isOver) this.#endState.end(outcomeOfThrown(thrown));
    this.#endState.refuseIfOver();
    throw thrown;
  }
}
