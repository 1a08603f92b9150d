import { guestModuleOf } from "../instance-modules.ts";
import type { GuestFrame } from "../messages.ts";

/** The most frames that are told of. As many are captured, host code among them, before anything is made of them. */
const MAX_FRAMES = 24;

/** The most of a function's name that is told, in UTF-16 code units. */
const MAX_NAME = 200;

/** How the engine ends what it says of a frame of WebAssembly; a name before it may hold anything. */
const WASM_FRAME = /:wasm-function\[(\d{1,7})\]:0x([0-9a-f]{1,10})\)?$/u;

const WASM_URL = "wasm://";

/** Has errors of this thread carry as much of their stack as {@link trapFrames} tells. */
export function boundStacks(): void {
  Error.stackTraceLimit = MAX_FRAMES;
}

/** The guest's functions on the stack of an error, the innermost first; nothing of the host's. */
export function trapFrames(thrown: unknown): readonly GuestFrame[] {
  return callSites(thrown).flatMap((site) => frameOf(site) ?? []);
}

/** The instances of modules, guests' or not, whose functions are on the stack of an error. */
export function instancesOnStack(thrown: unknown): readonly object[] {
  // For a function of WebAssembly, the engine gives the instance as `this`.
  return callSites(thrown).flatMap((site) =>
    (isWasm(site) ? [site.getThis() as object | undefined] : []).filter((one) => one !== undefined),
  );
}

/** The stack as data, which the engine makes once, the first time that it is asked for. */
function callSites(thrown: unknown): readonly NodeJS.CallSite[] {
  if (!(thrown instanceof Error)) return [];
  const { prepareStackTrace: before } = Error as { readonly prepareStackTrace?: (...given: never[]) => unknown };
  try {
    Error.prepareStackTrace = (_error, sites) => sites;
    const { stack }: { readonly stack?: unknown } = thrown;
    return Array.isArray(stack) ? (stack as readonly NodeJS.CallSite[]).slice(0, MAX_FRAMES) : [];
  } catch {
    // There may be no stack left to say what it was.
    return [];
  } finally {
    Object.assign(Error, { prepareStackTrace: before });
  }
}

function isWasm(site: NodeJS.CallSite): boolean {
  return site.getScriptNameOrSourceURL()?.startsWith(WASM_URL) === true;
}

function frameOf(site: NodeJS.CallSite): GuestFrame | undefined {
  if (!isWasm(site)) return undefined;
  const module = guestModuleOf(site.getThis());
  if (module === undefined) return undefined;
  // oxlint-disable-next-line typescript/no-base-to-string -- the engine has a text of its own for it
  const [, index, position] = WASM_FRAME.exec(site.toString()) ?? [];
  if (index === undefined || position === undefined) return undefined;
  const called = site.getFunctionName()?.slice(0, MAX_NAME);
  return { function: called, index: Number(index), module, position: Number.parseInt(position, 16) };
}
