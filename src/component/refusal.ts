import { hardenModule } from "../hardening/harden-module.ts";
import { CordonError } from "../shared/errors.ts";
import type { DecodedComponent } from "./decode/decode-component.ts";

/**
 * Why a component is refused at load for what its code uses, such as threads, in one line; `undefined` when it is not. Bounds of the
 * glue, which takes transpiling to know, are left out.
 */
export function refusalOf(component: Uint8Array, decoded: DecodedComponent): string | undefined {
  return refusalIn(() => {
    if (decoded.asynchronous) throw refusedAsynchronous();
    for (const { offset, size } of decoded.coreModules) {
      hardenModule(component.subarray(offset, offset + size), { meter: true });
    }
  });
}

/** The same of a core module that is run as it is. */
export function refusalOfModule(module: Uint8Array): string | undefined {
  return refusalIn(() => hardenModule(module, { meter: true, names: "data" }));
}

/**
 * The asynchronous ABI lets a guest go on after it has answered, and come back from timers that no turn of its covers; its
 * deadline would not hold. Nothing that Cordon provides needs it.
 */
export function refusedAsynchronous(): CordonError {
  return new CordonError(
    "unsupported",
    "Cannot load the component: it uses the asynchronous ABI (async functions, tasks, streams or futures), which this " +
      "version does not run; build it for synchronous functions",
  );
}

function refusalIn(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof CordonError) return thrown.message.replace(/^Cannot load the component: /, "");
    throw thrown;
  }
}
