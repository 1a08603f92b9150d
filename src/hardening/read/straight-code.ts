import { ACTION, ACTION_OF } from "../meter/instruction-actions.ts";
import { IMMEDIATE, IMMEDIATE_OF } from "./instruction-table.ts";

/** How instructions of one byte go on at which the rewriter has nothing to do. */
export const STRAIGHT = { not: 0, none: 1, local: 2, integer: 3, memory: 4, f32: 5, f64: 6 } as const;

const FORM_OF: readonly (readonly [immediate: number, form: number])[] = [
  [IMMEDIATE.none, STRAIGHT.none],
  [IMMEDIATE.integer, STRAIGHT.integer],
  [IMMEDIATE.memory, STRAIGHT.memory],
  [IMMEDIATE.f32, STRAIGHT.f32],
  [IMMEDIATE.f64, STRAIGHT.f64],
];

/** A value of {@link STRAIGHT} for each byte that an instruction begins with. Nine of ten are straight. */
export const STRAIGHT_OF: Readonly<Uint8Array> = Uint8Array.from({ length: 256 }, (_, opcode) => {
  if (ACTION_OF[opcode] === ACTION.local) return STRAIGHT.local;
  if (ACTION_OF[opcode] !== ACTION.none) return STRAIGHT.not;
  return FORM_OF.find(([immediate]) => immediate === IMMEDIATE_OF[opcode])?.[1] ?? STRAIGHT.not;
});
