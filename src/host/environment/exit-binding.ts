import type { HostContext, HostInterface } from "../capability.ts";
import { wasiInterface } from "../wasi-interface.ts";

/** `wasi:cli/exit`: ends the invocation, and nothing of the host. */
export const cliExit: HostInterface = wasiInterface("wasi:cli/exit", {
  direct: {
    exit: ({ end }: HostContext, status: { readonly tag: "ok" | "err" }) =>
      end({ kind: "exit", code: status.tag === "ok" ? 0 : 1 }),
    "exit-with-code": ({ end }: HostContext, code: number) => end({ kind: "exit", code: code & 0xff }),
  },
});
