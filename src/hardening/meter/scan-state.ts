import type { InstructionCursor } from "../read/instruction-cursor.ts";
import type { BasicBlock } from "./basic-block.ts";
import type { BodyContext } from "./body-events.ts";
import type { ControlStack } from "./control-stack.ts";
import type { LoopForms } from "./loop-forms.ts";
import type { ScannedBody } from "./scanned-body.ts";

/** What the parts of a scanner share: where it is in the body, and what it knows there. */
export interface ScanState {
  readonly context: BodyContext;
  /** At the instruction that is scanned. */
  readonly cursor: InstructionCursor;
  readonly block: BasicBlock;
  readonly frames: ControlStack;
  readonly loops: LoopForms;
  readonly found: ScannedBody;
}
