/** What becomes of functions that a core module imports and nothing provides. */
export type MissingImports =
  /** The module is refused. */
  | "refuse"
  /** They trap when they are called. */
  | "trap";
