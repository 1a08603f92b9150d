import type { Names } from "./python-names.ts";
import type { Semantics } from "./python-semantics.ts";

/** What statements act on. */
export interface Machine extends Semantics {
  readonly names: Names;
  imported(module: string, member: string | undefined, line: number): void;
  /** Set while the target of an assignment is evaluated: its last subscript is written, not read. */
  storing: boolean;
}
