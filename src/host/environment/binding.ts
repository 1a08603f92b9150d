import type { HostContext, HostInterface } from "../capability.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { grantedVariables } from "./granted-variables.ts";

/**
 * `wasi:cli/environment`: the variables that were granted and the arguments that were given, nothing of the host's own. There
 * is no initial directory: a guest's relative paths start from its preopens.
 */
export const cliEnvironment: HostInterface = wasiInterface("wasi:cli/environment", {
  direct: {
    "get-environment": (context: HostContext) => ok(grantedVariables(context)),
    "get-arguments": (context: HostContext) => ok(context.programArguments),
    "initial-cwd": () => ok(undefined),
  },
});
