import { ByteReader } from "../../shared/byte-reader.ts";
import { EVENT_SIZE } from "../meter/body-events.ts";
import { OPCODE } from "../read/opcodes.ts";
import type { BodyWriter } from "./body-writer.ts";

const EMPTY = 0x40;
const I32_EQZ = 0x45;

/** How often a loop that is unrolled is written out, and charged at once. */
const COPIES = 2;

/** How many labels the form `outlined` puts between a loop and what it is in. */
const OUTLINED_LABELS = 3;

/**
 * Writes the forms of loops that are not plain. The engine does much for small innermost loops, unless there is a call in them, and be it
 * one that is hardly ever made. So the call of the host is put outside; each iteration is charged and checked as in a plain loop.
 */
export class LoopWriter {
  readonly #writer: BodyWriter;
  /** Writes an event and the code before it; gives the index of the last event that this took in. */
  readonly #event: (events: Int32Array, index: number) => number;
  /** Whether a loop is being written in the form `outlined`, and what is charged at its head. */
  #isOutlined = false;
  #outlinedCost = 0;

  constructor(writer: BodyWriter, event: (events: Int32Array, index: number) => number) {
    this.#writer = writer;
    this.#event = event;
  }

  /** Begins a body. */
  begin(): void {
    this.#isOutlined = false;
  }

  /**
   * Writes a loop of straight code from event `index` to event `end`, with the second copy of its code charged in advance:
   *
   *     block $done
   *       loop $outer
   *         block $one
   *           loop $several
   *             charge twice; br_if $one when below zero
   *             code; if not again: give back once, br $done
   *             code; br_if $several
   *             br $done
   *         give back twice; charge once, and call the host when below zero
   *         code; br_if $outer
   *
   * Near the end of a slice it goes once at a time, so fuel that is just enough is enough.
   *
   * @returns The index of the last event that this took in.
   */
  unrolled(events: Int32Array, index: number, end: number): number {
    const writer = this.#writer;
    const { out } = writer;
    const cost = events[(index + 1) * EVENT_SIZE + 2] ?? 0;
    const start = writer.mark(events[(index + 1) * EVENT_SIZE] ?? 0);
    const [after, backEdge] = [events[end * EVENT_SIZE] ?? 0, events[end * EVENT_SIZE + 2] ?? 0];
    const code = (): void => {
      writer.goBack(start);
      for (let inner = index + 2; inner < end - 1; inner += 1) this.#event(events, inner);
      writer.copyTo(backEdge);
    };
    for (const opcode of [OPCODE.block, OPCODE.loop, OPCODE.block, OPCODE.loop]) {
      out.u8(opcode);
      out.u8(EMPTY);
    }
    writer.chargeOrBranch(COPIES * cost, 1);
    for (let left = COPIES - 1; left > 0; left -= 1) {
      code();
      out.u8(I32_EQZ);
      writer.hintLike(backEdge, -1);
      out.u8(OPCODE.if);
      out.u8(EMPTY);
      writer.giveBack(left * cost);
      writer.branch(OPCODE.br, 4);
      out.u8(OPCODE.end);
    }
    code();
    writer.hintLike(backEdge, 1);
    writer.branch(OPCODE.brIf, 0);
    writer.branch(OPCODE.br, 3);
    out.u8(OPCODE.end);
    out.u8(OPCODE.end);
    writer.giveBack(COPIES * cost);
    writer.charge(cost, true, false);
    code();
    writer.hintLike(backEdge, 1);
    writer.branch(OPCODE.brIf, 0);
    out.u8(OPCODE.end);
    out.u8(OPCODE.end);
    writer.source = after + 1;
    // The charge after the branch and the loop's end are left; there is nothing to write for them any more.
    return end - 2;
  }

  /**
   * Begins a loop with the call of the host moved out of it, at event `index`; {@link endOutlined} ends it:
   *
   *     block $done
   *       loop $outer
   *         block $below
   *           loop: charge; br_if $below when below zero; code
   *           br $done
   *         call the host, give back; br $outer
   *
   * @returns The index of the last event that this took in.
   */
  beginOutlined(events: Int32Array, index: number): number {
    const writer = this.#writer;
    const { out, code } = writer;
    const [start, next] = [events[index * EVENT_SIZE] ?? 0, events[(index + 1) * EVENT_SIZE] ?? 0];
    this.#outlinedCost = events[(index + 1) * EVENT_SIZE + 2] ?? 0;
    this.#isOutlined = true;
    out.u8(OPCODE.block);
    out.copy(code, start + 1, next);
    out.copy(code, start, next);
    out.u8(OPCODE.block);
    out.u8(EMPTY);
    writer.copyTo(next);
    writer.chargeOrBranch(this.#outlinedCost, 1);
    return index + 1;
  }

  /** At the `end` of a loop: ends the form `outlined`, if it has that. */
  endOutlined(): void {
    if (!this.#isOutlined) return;
    this.#isOutlined = false;
    const writer = this.#writer;
    const { out } = writer;
    writer.copyTo(writer.source + 1);
    writer.branch(OPCODE.br, 2);
    out.u8(OPCODE.end);
    writer.refillLocal(this.#outlinedCost);
    writer.branch(OPCODE.br, 0);
    out.u8(OPCODE.end);
    out.u8(OPCODE.end);
  }

  /**
   * Writes a branch out of a loop, up to `next`. From an outlined one, labels greater than that of the loop, which is `labelOfLoop`, lie
   * further out than before.
   */
  exit(labelOfLoop: number, next: number): void {
    if (!this.#isOutlined) return;
    const writer = this.#writer;
    const { out } = writer;
    const reader = new ByteReader(writer.code, writer.source, next);
    const label = (): void => {
      const depth = reader.u32();
      out.u32(depth > labelOfLoop ? depth + OUTLINED_LABELS : depth);
    };
    writer.noteHints(writer.source, next);
    const opcode = reader.u8();
    out.u8(opcode);
    if (opcode === OPCODE.brTable) {
      const count = reader.u32();
      out.u32(count);
      for (let left = count; left > 0; left -= 1) label();
    }
    label();
    writer.goOn(next);
  }
}
