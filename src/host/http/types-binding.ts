import type { HostContext, HostInterface } from "../capability.ts";
import type { IoError } from "../io/io-error.ts";
import { ok } from "../text.ts";
import { wasiInterface } from "../wasi-interface.ts";
import { HttpFailure } from "./wasi/error-code.ts";
import { fieldsFunctions } from "./wasi/fields/fields-binding.ts";
import { requestFunctions } from "./wasi/request-functions.ts";
import { responseFunctions } from "./wasi/response-functions.ts";

/** `wasi:http/types`, without what is unstable in it (`send-informational`). Nothing here reaches the network by itself. */
export const httpTypes: HostInterface = wasiInterface("wasi:http/types", {
  direct: {
    ...fieldsFunctions,
    ...requestFunctions,
    ...responseFunctions,
    "http-error-code": (_context: HostContext, { cause }: IoError) =>
      ok(cause instanceof HttpFailure ? cause.code : undefined),
  },
});
