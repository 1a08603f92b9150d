import type { HostContext, HostInterface } from "../capability.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import type { IoError } from "./io-error.ts";

/** `wasi:io/error`. */
export const ioError: HostInterface = wasiInterface("wasi:io/error", {
  direct: { "[method]error.to-debug-string": (_context: HostContext, self: IoError) => ok(self.message) },
});
