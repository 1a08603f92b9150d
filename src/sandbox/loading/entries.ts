import { CordonError } from "../../shared/errors.ts";
import { withoutVersion } from "../../shared/wit/interface-name.ts";
import type { ComponentInterface } from "../../shared/wit/wit.ts";
import { type CallableExport, callableExports } from "./exports.ts";

/** What every command program exports. */
const RUN = "wasi:cli/run";

/** What every component exports that answers HTTP requests. */
const HANDLER = "wasi:http/incoming-handler";

/** Those that were found: a server asks for its own at each request. */
const handlers = new WeakMap<ComponentInterface, CallableExport>();

/** Whether a component is a program: one of the `wasi:cli/command` world. */
export function isCommand(component: ComponentInterface): boolean {
  return entry(component, RUN, "run") !== undefined;
}

/** Whether a component answers HTTP requests: one of the `wasi:http/proxy` world. */
export function isHttpHandler(component: ComponentInterface): boolean {
  return entry(component, HANDLER, "handle") !== undefined;
}

/**
 * The entry of a command program.
 *
 * @throws CordonError `usage` when the component is none.
 */
export function commandEntry(component: ComponentInterface): CallableExport {
  const found = entry(component, RUN, "run");
  if (found !== undefined) return found;
  throw new CordonError("usage", `Cannot run the component as a program: it does not export ${RUN}; call an export`);
}

/**
 * The entry of a component that answers HTTP requests.
 *
 * @throws CordonError `usage` when the component is none.
 */
export function httpHandler(component: ComponentInterface): CallableExport {
  const found = handlers.get(component) ?? entry(component, HANDLER, "handle");
  if (found !== undefined) {
    handlers.set(component, found);
    return found;
  }
  throw new CordonError("usage", `Cannot serve the component: it does not export ${HANDLER}`);
}

/** A function of an interface, in a version of WASI that is served: of the one with that name, or else of one that implements it. */
function entry(component: ComponentInterface, interfaceName: string, name: string): CallableExport | undefined {
  const found = callableExports(component).filter((one) => one.function.name === name && isOf(one, interfaceName));
  return found.find((one) => one.path[0]?.includes(":")) ?? found[0];
}

function isOf({ interface: full = "" }: CallableExport, interfaceName: string): boolean {
  return withoutVersion(full) === interfaceName && /@0\.2(?:\.\d+)?$/.test(full);
}
