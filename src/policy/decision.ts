/** The outcome of a check, with the rule that made it. */
export type Decision =
  | { readonly allowed: true; /** The grant that allowed it, as the operator wrote it. */ readonly rule: string }
  | { readonly allowed: false; /** Why not, and what would allow it; one line. */ readonly reason: string };
