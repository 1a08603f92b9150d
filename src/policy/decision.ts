import type { Remedy } from "../shared/text/remedy.ts";

/** The outcome of a check, with the rule that made it. */
export type Decision =
  | { readonly allowed: true; /** The grant that allowed it, as the operator wrote it. */ readonly rule: string }
  | {
      readonly allowed: false;
      /** Why not; one line. */
      readonly reason: string;
      /** The rule that denies it, as the operator wrote it; `undefined` where none allows it. */
      readonly rule?: string;
      /** What would allow it, if anything would. */
      readonly remedies?: readonly Remedy[] | undefined;
    };
