import type { HostInterface } from "../capability.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";

/** `wasi:cli/terminal-*`: guests never see a terminal of the host, so that each of them is linked and answers none. */
export const cliTerminals: readonly HostInterface[] = Object.freeze([
  wasiInterface("wasi:cli/terminal-input", {}),
  wasiInterface("wasi:cli/terminal-output", {}),
  wasiInterface("wasi:cli/terminal-stdin", { direct: { "get-terminal-stdin": () => ok(undefined) } }),
  wasiInterface("wasi:cli/terminal-stdout", { direct: { "get-terminal-stdout": () => ok(undefined) } }),
  wasiInterface("wasi:cli/terminal-stderr", { direct: { "get-terminal-stderr": () => ok(undefined) } }),
]);
