/** Runs modules as they are and hardened, and compares where they say that they trapped. */
import { hardenModule, type HardenOptions } from "../../src/hardening/harden-module.ts";
import { originalPosition } from "../../src/hardening/original-position.ts";
import { COUNTER_EXPORT } from "../../src/shared/plan/hardening-profile.ts";
import { hardenedImports, makeGuard } from "./guard.ts";
import { stubs } from "./hardening-differential.ts";

/** Fuel for one module; what needs more is not run as it is, since it may never end. */
const FUEL = 30_000_000;

/** A frame of WebAssembly, as V8 tells it. */
interface Frame {
  readonly index: number;
  readonly position: number;
}

/** The traps of one instance, one for each call that ended in one. */
interface Traps {
  readonly found: readonly (readonly Frame[])[];
  /** Whether it came to an end of which hardening decides the place: out of fuel, or out of stack. */
  readonly cut: boolean;
}

/** What became of a comparison: how many frames were compared, and the first that differ. */
export interface TrapComparison {
  readonly frames: number;
  readonly difference?: string;
}

/** Compares the frames of all traps of a module, as it is and hardened. */
export function compareTraps(module: Uint8Array, allow: HardenOptions["allow"] = {}): TrapComparison {
  let frames = 0;
  for (const counter of ["own", "shared"] as const) {
    const hardened = hardenModule(module, { allow, meter: true, counter, positions: true });
    const guard = makeGuard({ fuel: FUEL });
    const after = trapsOf(hardened.bytes, hardenedImports(hardened, guard));
    if (guard.checkpoints > 0 || after.cut) return { frames };
    const before = trapsOf(module, {});
    if (before.cut) return { frames };
    const mapped = after.found.map((one) => one.flatMap((frame) => mappedBack(frame, hardened.positions)));
    for (const [at, expected] of before.found.entries()) {
      // As many are told as fit, functions of hardening's own among them.
      const given = mapped[at] ?? [];
      const most = Math.min(expected.length, given.length);
      const [left, right] = [expected, given].map((one) => JSON.stringify(one.slice(0, most)));
      if (left !== right || most === 0)
        return { frames, difference: `${counter}: trap ${at} at ${right} where it is at ${left}` };
      frames += most;
    }
    if (mapped.length !== before.found.length) return { frames, difference: `${counter}: ${mapped.length} traps` };
  }
  return { frames };
}

function mappedBack({ index, position }: Frame, positions: Uint8Array = new Uint8Array()): Frame[] {
  const original = originalPosition(positions, index, position);
  if (original.kind === "added") return [];
  return [{ index, position: original.kind === "own" ? original.offset : -1 }];
}

function trapsOf(bytes: Uint8Array, added: Record<string, Record<string, unknown>>): Traps {
  const compiled = new WebAssembly.Module(bytes);
  const found: (readonly Frame[])[] = [];
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(compiled, { ...stubs(compiled, []), ...added });
  } catch (thrown) {
    return {
      found: thrown instanceof WebAssembly.RuntimeError ? [framesOf(thrown, undefined)] : [],
      cut: thrown instanceof RangeError,
    };
  }
  for (const [name, target] of Object.entries(instance.exports)) {
    if (typeof target !== "function" || name === COUNTER_EXPORT) continue;
    const parameters = Array.from({ length: target.length }, (_item, index) => String(index * 37 + 11));
    try {
      Reflect.apply(target as () => unknown, undefined, parameters);
    } catch (thrown) {
      if (thrown instanceof RangeError) return { found, cut: true };
      if (thrown instanceof WebAssembly.RuntimeError) found.push(framesOf(thrown, instance));
    }
  }
  return { found, cut: false };
}

/** The frames of an instance on the stack of an error; of whichever there is without one. */
function framesOf(error: Error, instance: WebAssembly.Instance | undefined): Frame[] {
  const { prepareStackTrace: before } = Error as { readonly prepareStackTrace?: (...given: never[]) => unknown };
  try {
    Error.prepareStackTrace = (_error, sites) => sites;
    const sites = error.stack as unknown as readonly NodeJS.CallSite[];
    return sites.flatMap((site) => {
      // oxlint-disable-next-line typescript/no-base-to-string -- the engine has a text of its own for it
      const [, index, position] = /:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/u.exec(site.toString()) ?? [];
      if (index === undefined || position === undefined) return [];
      if (instance !== undefined && site.getThis() !== instance) return [];
      return [{ index: Number(index), position: Number.parseInt(position, 16) }];
    });
  } finally {
    Object.assign(Error, { prepareStackTrace: before });
  }
}
