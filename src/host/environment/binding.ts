import type { HostContext, HostInterface } from "../capability.ts";
import { perInvocation } from "../per-invocation.ts";
import { cutResource, ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";

/**
 * `wasi:cli/environment`: the variables that were granted and the arguments that were given, nothing of the host's own. There
 * is no initial directory: a guest's relative paths start from its preopens.
 */
export const cliEnvironment: HostInterface = wasiInterface("wasi:cli/environment", {
  direct: {
    "get-environment": (context: HostContext) => {
      recordOnce(context);
      return ok(context.grants.environment);
    },
    "get-arguments": (context: HostContext) => ok(context.programArguments),
    "initial-cwd": () => ok(undefined),
  },
});

const recorded = perInvocation(() => ({ yet: false }));

/** Records that the guest got the variables, by their names; once, as it gets the same ones each time. */
function recordOnce(context: HostContext): void {
  const state = recorded(context);
  const { environment } = context.grants;
  if (state.yet || environment.length === 0) return;
  state.yet = true;
  context.observe({
    eventType: "EnvironmentAccess",
    action: "environment.get-environment",
    resource: cutResource(environment.map(([name]) => name).join(" ")),
    result: "Allowed",
  });
}
