import { MalformedError } from "../../shared/byte-reader.ts";
import { COMPLEXITY, tooManyLocals } from "../bound/complexity.ts";
import { refusedFeature, refusedThreads } from "../bound/refuse-unbounded.ts";
import { InstructionCursor } from "../read/instruction-cursor.ts";
import { COST_OF } from "../read/instruction-table.ts";
import { OPCODE, PAGE } from "../read/opcodes.ts";
import { BasicBlock } from "./basic-block.ts";
import { ADDED_GLOBALS, type Body, type BodyContext, EVENT } from "./body-events.ts";
import { BranchScanner } from "./branch-scanner.ts";
import { CallScanner } from "./call-scanner.ts";
import { ControlStack, FRAME } from "./control-stack.ts";
import { flattenFunction } from "./flat-cost.ts";
import { CALLEE_UNITS, LEAF_UNITS, LOCALS_PER_UNIT } from "./fuel-costs.ts";
import { ACTION, ACTION_OF } from "./instruction-actions.ts";
import { LoopForms } from "./loop-forms.ts";
import { ScannedBody } from "./scanned-body.ts";
import { StructureScanner } from "./structure-scanner.ts";

/** At these, the instruction has the type of a block. */
const OPENS_BLOCK: ReadonlySet<number> = new Set([ACTION.block, ACTION.loop, ACTION.if, ACTION.try, ACTION.tryTable]);

/**
 * Finds out what has to be written into a function's body, and where.
 *
 * The body is cut into basic blocks: after a branch, at a label that something branches to, at the arms of an `if`, and at
 * {@link UNCHECKED_UNITS}. Each is charged where it begins. These rules say where the counter is checked, too:
 *
 * | where | why |
 * | --- | --- |
 * | at a loop's head, and at the entry of a function that is no leaf | whatever repeats comes past one of them |
 * | in a block with which a path would come to more than {@link UNCHECKED_UNITS} since its last check | long code without a loop, and deep recursion whose frames have code left when they return |
 *
 * Calls count for {@link LEAF_UNITS} there, which is what a function without a check may use. So one frame takes the counter down by
 * about twice {@link UNCHECKED_UNITS} at most. Frames have at least 32 bytes, so even a stack of 64 MiB takes it down by 2^21 times 2^9,
 * half of what 31 bits hold: it does not wrap around.
 *
 * A function that nothing but calls by name can reach may be charged by those who call it, as if the code were theirs: in whole, if it has
 * no call and no loop, or else up to its first check (it is *prepaid*). It has no check at its entry then, but
 *
 * | where it has one, unless every path has come by a check | why |
 * | --- | --- |
 * | in a block with a call, and before a tail call | in a chain of calls every link but the last has a check |
 * | in a block with which a path would come to more than {@link LEAF_UNITS} since the entry | what calls count for is enough |
 *
 * Dead code is left as it is, but for indices that change.
 */
export class BodyScanner {
  readonly #context: BodyContext;
  readonly #cursor: InstructionCursor;
  readonly #found: ScannedBody = new ScannedBody();
  readonly #frames: ControlStack = new ControlStack();
  readonly #block: BasicBlock = new BasicBlock(this.#found.events);
  readonly #calls: CallScanner;
  readonly #branches: BranchScanner;
  readonly #structure: StructureScanner;
  readonly #loops: LoopForms;
  /** The local that the function is given the counter in; below zero when it is not. */
  #counterLocal = -1;

  /** Scans bodies of a code section's content. */
  constructor(code: Uint8Array, context: BodyContext) {
    this.#context = context;
    this.#cursor = new InstructionCursor(code);
    this.#loops = new LoopForms(code);
    const state = {
      context,
      cursor: this.#cursor,
      block: this.#block,
      frames: this.#frames,
      loops: this.#loops,
      found: this.#found,
    };
    this.#calls = new CallScanner(state);
    this.#branches = new BranchScanner(state);
    this.#structure = new StructureScanner(state);
  }

  /**
   * Scans a body. With `isPrepaid`, those who call the function charge the `entryCost` that is found.
   *
   * @returns What was found, until the next body is scanned.
   * @throws MalformedError, or CordonError `limit`.
   */
  scan(body: Body, isPrepaid: boolean = false): ScannedBody {
    const cursor = this.#cursor;
    const block = this.#block;
    const found = this.#found;
    this.#enter(body, isPrepaid);
    // Where the counter is a local in between, the indices of locals change, so that they are no straight code.
    const straightLocals = this.#counterLocal < 0 ? found.locals : 0;
    while (this.#frames.depth > 0) {
      const { room } = block;
      const passed = cursor.straight(room, straightLocals);
      block.cost += passed;
      if (passed >= room && !block.isDead) {
        this.#cut();
        continue;
      }
      cursor.next();
      if (cursor.opcode >= PAGE.collected) this.#feature(cursor.opcode);
      block.cost += COST_OF[cursor.opcode] ?? 0;
      const action = ACTION_OF[cursor.opcode];
      if (action !== ACTION.none) this.#act(action ?? ACTION.refuse);
    }
    if (cursor.position !== body.end) throw new MalformedError(cursor.position, "instructions after a function's end");
    found.lastEnd = cursor.start;
    this.#finish(isPrepaid);
    return found;
  }

  #enter({ index, start, end, signature }: Body, isPrepaid: boolean): void {
    const cursor = this.#cursor;
    const found = this.#found;
    cursor.seek(start, end);
    const declared = cursor.locals();
    found.clear();
    found.locals = signature.parameters + declared;
    if (found.locals > COMPLEXITY.locals) throw tooManyLocals(found.locals, COMPLEXITY.locals);
    found.codeStart = cursor.position;
    this.#counterLocal = this.#context.plan.passing[index] === 1 ? signature.parameters : -1;
    this.#loops.reset();
    this.#branches.enter();
    this.#calls.enter({ index, counterLocal: this.#counterLocal });
    this.#block.enter(cursor.position, isPrepaid);
    this.#block.cost = Math.floor(declared / LOCALS_PER_UNIT);
    this.#frames.clear();
    this.#structure.open(FRAME.block);
  }

  #finish(isPrepaid: boolean): void {
    const block = this.#block;
    const found = this.#found;
    const isBounded = !this.#calls.hasCalls && !found.hasLoop && !found.handlesExceptions;
    if (!isPrepaid) {
      if (!found.hasLoop && !found.handlesExceptions) found.flatCost = flattenFunction(block);
      const isFlat = found.flatCost >= 0 && found.flatCost <= CALLEE_UNITS;
      found.isChargedByCallers = isBounded && !this.#branches.throws && isFlat;
      const isLeaf = isBounded && block.exitCost.max <= LEAF_UNITS;
      if (!isLeaf) block.check(0);
    }
    found.callsItself = this.#calls.callsItself;
    found.entryCost = block.entryCost;
    found.checks = block.checksSoFar;
  }

  #feature(opcode: number): void {
    const { collected = false, threads = false } = this.#context.allow;
    if (opcode < PAGE.miscellaneous && !collected) throw refusedFeature("instructions of garbage-collected types");
    if (opcode >= PAGE.atomic && !threads) throw refusedThreads("atomic instructions");
  }

  #act(action: number): void {
    const cursor = this.#cursor;
    const block = this.#block;
    const calls = this.#calls;
    const branches = this.#branches;
    const structure = this.#structure;
    if (OPENS_BLOCK.has(action)) this.#typed(cursor.blockTypeIndex);
    switch (action) {
      case ACTION.local:
        this.#local();
        break;
      case ACTION.global:
        this.#global();
        break;
      case ACTION.block:
        structure.open(FRAME.block);
        break;
      case ACTION.loop:
        structure.beginLoop();
        break;
      case ACTION.if:
        structure.beginIf();
        break;
      case ACTION.else:
        structure.beginElse();
        break;
      case ACTION.end:
        structure.end();
        break;
      case ACTION.delegate:
        structure.end();
        if (cursor.first >= this.#frames.depth) this.#fail("a label that does not exist");
        break;
      case ACTION.branch:
        branches.branch();
        break;
      case ACTION.branchIf:
        branches.branchIf();
        break;
      case ACTION.branchTable:
        branches.branchTable();
        break;
      case ACTION.leave:
        calls.leave();
        branches.leave(cursor.opcode === OPCODE.return);
        break;
      case ACTION.call:
        calls.call();
        break;
      case ACTION.tailCall:
        calls.tailCall();
        calls.leave();
        branches.leave(true);
        break;
      case ACTION.functionReference:
        if (cursor.first >= this.#context.functions) this.#fail("a function that does not exist");
        break;
      case ACTION.try:
        structure.beginTry(FRAME.try);
        break;
      case ACTION.tryTable:
        branches.handlers();
        structure.beginTry(FRAME.block);
        break;
      case ACTION.catch:
        structure.beginCatch();
        break;
      case ACTION.replace:
        if (!block.isDead) calls.replace();
        break;
      case ACTION.measure:
        if (!block.isDead) calls.measure();
        break;
      case ACTION.wait:
        if (!block.isDead) calls.wait();
        break;
      default:
        this.#fail("an instruction that is not allowed here");
    }
  }

  /** Where the counter is a local in between, it has the index of the first that is no parameter, which goes behind the last. */
  #local(): void {
    const { first, start, position } = this.#cursor;
    const { locals, events } = this.#found;
    if (first >= locals) this.#fail("a local that does not exist");
    // In dead code, too: the types have to be right there.
    if (first === this.#counterLocal) events.push(start, EVENT.index, locals, position);
  }

  #global(): void {
    const { first, start, position } = this.#cursor;
    if (first >= this.#context.globals) this.#fail("a global that does not exist");
    if (first < this.#context.importedGlobals) return;
    // In dead code, too.
    this.#found.events.push(start, EVENT.index, first + ADDED_GLOBALS, position);
  }

  /** Types are added behind the module's own, which it is not to name. */
  #typed(index: number | undefined): void {
    if (index !== undefined && index >= this.#context.types) this.#fail("a type that does not exist");
  }

  /** Cuts the block after the last instruction, since it is as large as one may be. */
  #cut(): void {
    const { position } = this.#cursor;
    this.#block.close(position);
    this.#block.open(position);
  }

  #fail(problem: string): never {
    throw new MalformedError(this.#cursor.start, problem);
  }
}
