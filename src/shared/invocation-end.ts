import type { LimitDetail } from "./errors.ts";

/** Why the host ends an invocation from within a host call. */
export type InvocationEnd =
  /** The program asked to exit. `code` is from 0 to 255. */
  | { readonly kind: "exit"; readonly code: number }
  /** It came to a limit past which it may not go on. `limit` is the name of the limit, as in `LimitDetail`. */
  | { readonly kind: "limit"; readonly limit: LimitDetail["limit"]; readonly cap: number; readonly message: string };
