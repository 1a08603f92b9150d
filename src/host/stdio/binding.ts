import type { HostContext, HostInterface } from "../capability.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { stdioOf } from "./state.ts";

/** `wasi:cli/stdin`: at its end from the start unless `stdin` is granted. */
export const cliStdin: HostInterface = wasiInterface("wasi:cli/stdin", {
  direct: { "get-stdin": (context: HostContext) => ok(stdioOf(context).stdin.stream()) },
});

/** `wasi:cli/stdout`: goes to the embedder; `limits.maxStdoutBytes` bounds it, together with stderr. */
export const cliStdout: HostInterface = wasiInterface("wasi:cli/stdout", {
  direct: { "get-stdout": (context: HostContext) => ok(stdioOf(context).stdout.stream()) },
});

/** `wasi:cli/stderr`: as stdout. */
export const cliStderr: HostInterface = wasiInterface("wasi:cli/stderr", {
  direct: { "get-stderr": (context: HostContext) => ok(stdioOf(context).stderr.stream()) },
});
