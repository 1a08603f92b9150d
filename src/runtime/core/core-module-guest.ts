import type { ExportPath } from "../messages.ts";
import { type Interruption, NO_INTERRUPTION, type RunningGuest } from "../worker/running-guest.ts";
import { coreExports } from "./core-exports.ts";
import { type CoreGuestParts, RunningCoreModule } from "./core-guest.ts";

/** An instance of a core module, called as if it were of a component. */
export class CoreModuleGuest implements RunningGuest {
  readonly #parts: CoreGuestParts & { readonly made: (instance: WebAssembly.Instance) => void };
  #running: RunningCoreModule | undefined;

  constructor(parts: CoreGuestParts & { readonly made: (instance: WebAssembly.Instance) => void }) {
    this.#parts = parts;
  }

  /** Its descriptors are counted where they are. */
  get handlesHighWater(): number {
    return 0;
  }

  async instantiate(): Promise<void> {
    const running = new RunningCoreModule(this.#parts);
    this.#running = running;
    this.#parts.made(running.instance);
    if (this.#parts.core.initializes) await running.call("_initialize");
  }

  async call(target: ExportPath, parameters: readonly unknown[]): Promise<unknown> {
    const running = this.#running;
    if (running === undefined) throw new Error("the module was not instantiated");
    const exported = coreExports(this.#parts.core.form, running).get(target.join("#"));
    if (exported === undefined) throw new Error(`the module does not export ${target.join("#")}`);
    return exported(...parameters);
  }

  /** Nobody has handles of a core module. */
  release(): Promise<void> {
    return Promise.resolve();
  }

  interrupt(): Interruption {
    return NO_INTERRUPTION;
  }

  /** It has one stack, which is at its end when its call is. */
  get isSettled(): boolean {
    return true;
  }

  /** What it waits for rejects by itself. */
  end(): void {
    // Nothing of it goes on but by a host call, which is refused.
  }

  dispose(): void {
    // Its descriptors are let go of with what its invocation holds.
  }

  unlink(): void {
    this.#running?.unlink();
    this.#running = undefined;
  }
}
