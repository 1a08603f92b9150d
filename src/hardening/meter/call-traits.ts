import type { Body } from "./body-events.ts";
import { InstructionCursor } from "../read/instruction-cursor.ts";
import { OPCODE } from "../read/opcodes.ts";

/** How the functions of a module call one another. */
export interface CallTraits {
  /** Whether anything in it catches exceptions. */
  readonly handlesExceptions: boolean;
  /** The functions that are called by name, tail calls left out. */
  readonly called: ReadonlySet<number>;
  /** Those that make a tail call, and those that one names. */
  readonly tail: ReadonlySet<number>;
  /** Those that code refers to: in a table, or exported under their own index, they are to stay what they are. */
  readonly referred: ReadonlySet<number>;
  /** Those with a loop. */
  readonly looping: ReadonlySet<number>;
}

/**
 * Reads how the functions of a code section call one another.
 *
 * @throws MalformedError
 */
export function readCallTraits(code: Uint8Array, bodies: readonly Body[]): CallTraits {
  const cursor = new InstructionCursor(code);
  const called = new Set<number>();
  const tail = new Set<number>();
  const looping = new Set<number>();
  const referred = new Set<number>();
  let handlesExceptions = false;
  for (const { index, start, end } of bodies) {
    cursor.seek(start, end);
    cursor.locals();
    while (cursor.position < end) {
      cursor.next();
      switch (cursor.opcode) {
        case OPCODE.call:
          called.add(cursor.first);
          break;
        case OPCODE.returnCall:
          tail.add(cursor.first).add(index);
          break;
        case OPCODE.returnCallIndirect:
        case OPCODE.returnCallRef:
          tail.add(index);
          break;
        case OPCODE.refFunc:
          referred.add(cursor.first);
          break;
        case OPCODE.loop:
          looping.add(index);
          break;
        case OPCODE.try:
        case OPCODE.tryTable:
          handlesExceptions = true;
          break;
        default:
      }
    }
  }
  return { handlesExceptions, called, tail, looping, referred };
}
