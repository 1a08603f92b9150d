import { ADDED_GLOBALS, type Body, type BodyContext, EVENT, LOOP_FORM } from "./body-events.ts";
import { MalformedError } from "../../shared/byte-reader.ts";
import { EventList } from "./event-list.ts";
import { COMPLEXITY, tooDeep, tooManyLocals } from "../bound/complexity.ts";
import { CALLEE_UNITS, LEAF_UNITS, LEVEL_UNITS, LOCALS_PER_UNIT, UNCHECKED_UNITS } from "./fuel-costs.ts";
import { InstructionCursor } from "../read/instruction-cursor.ts";
import { COST_OF } from "../read/instruction-table.ts";
import { ACTION, ACTION_OF } from "./instruction-actions.ts";
import { LoopFrames } from "./loop-frames.ts";
import { OPCODE, PAGE } from "../read/opcodes.ts";
import { refusedFeature, refusedThreads } from "../bound/refuse-unbounded.ts";
import { either, enteredAgo, further, lookedAgo, sinceEntry, sinceLook } from "./unchecked.ts";
import { PathCosts } from "./path-costs.ts";

const FRAME = { block: 0, loop: 1, if: 2, else: 3, try: 4, catch: 5 } as const;

/** At these, the instruction has the type of a block. */
const OPENS_BLOCK: ReadonlySet<number> = new Set([ACTION.block, ACTION.loop, ACTION.if, ACTION.try, ACTION.tryTable]);

/** More than any way through a body costs. */
const MOST = 2 ** 30;

/** Where no branch goes. */
const UNREACHED = -1;

/**
 * Finds out what has to be written into a function's body, and where.
 *
 * The body is cut into blocks of instructions that run all or none, a trap aside: after a branch, at a label that something
 * branches to, at the arms of an `if`. Each is charged where it begins. The counter is looked at when a function is entered
 * and at each loop's head, so that whatever repeats comes past it. Between, two things could let it go far below zero: long
 * code without a loop, and deep recursion whose frames each have some code left when they return. So it is looked at besides
 * wherever a path through the function could have run up more than {@link UNCHECKED_UNITS} since it last was; calls count for
 * {@link LEAF_UNITS} there, which is what a function that does not look at it may use. A block is cut at that size, too. One
 * frame therefore takes the counter down by at most about twice that. Frames have at least 32 bytes, so even a stack of 64 MiB takes it
 * down by 2^21 times 2^9, half of what 31 bits hold; it does not wrap around.
 *
 * A function that can be called by name alone may be charged for by those who call it, as if the code were theirs: in whole, if it
 * calls nothing and has no loop, or else for what it costs until it calls something or is long. Up to there nothing is charged
 * or looked at within it, so the shortest ways through a recursion cost nothing of their own. What may repeat is looked at all
 * the same: the block that makes a call, or a tail call, looks unless the counter was looked at on every way to it since the
 * function was entered; so does a loop's head, and a block by which more than {@link LEAF_UNITS} would go by unseen. So any chain of calls looks
 * at each of its links but the last, and a function that does not look takes {@link LEAF_UNITS} at most, besides what its caller
 * counts as its own.
 *
 * Code that cannot be reached is left as it is.
 */
export class BodyScanner {
  /** What has to be written. */
  readonly events: EventList = new EventList();
  /** Where the instructions begin, after the locals. */
  codeStart: number = 0;
  /** Where the body's last `end` is. */
  lastEnd: number = 0;
  /** How many parameters and locals there are, and so the index of the next. */
  locals: number = 0;
  hasLoop: boolean = false;
  handlesExceptions: boolean = false;
  /** Whether something branches to the function's own label. */
  leavesByBranch: boolean = false;
  /** What every call costs alike, if that is so: charged at the entry, where nothing else is. Below zero otherwise. */
  levelCost: number = -1;
  /** Whether it calls nothing, has no loop, and costs little: it is not checked. */
  isLeaf: boolean = false;
  /** What those who call the function are to charge, if they are to charge anything. */
  entryCost: number = 0;
  /** Whether those who call it may charge all that it costs. */
  isChargedByCallers: boolean = false;
  /** Whether it calls itself by name. */
  callsItself: boolean = false;
  /** Whether the global holds the counter where the body ends. */
  endsSpilled: boolean = false;

  readonly #context: BodyContext;
  readonly #cursor: InstructionCursor;

  /** The open blocks of the body: what they are, whether they begin in dead code, and what branches to them bring. */
  #depth = 0;
  readonly #kinds: Uint8Array;
  readonly #dead: Uint8Array;
  readonly #label: Int32Array;
  readonly #split: Int32Array;
  readonly #ways = new PathCosts();
  /** What was so where a frame begins: its block's charge, that charge's check, and the counts. */
  readonly #atCharge: Int32Array;
  readonly #atPending: Int32Array;
  readonly #atCalls: Int32Array;
  readonly #atLooks: Int32Array;
  /** The lowest frame that something within a frame goes to. */
  readonly #lowest: Int32Array;
  readonly #loops: LoopFrames;
  #position = 0;
  /** Whether it throws. What is kept in a local by those who call it would be lost then. */
  #throws = false;
  /** The local that the function is given the counter in; below zero when it is not. */
  #counterLocal = -1;
  /** Whether those who call the function charge what it costs until it looks at the counter. */
  #isPrepaid = false;

  #isDead = false;
  #charge = UNREACHED;
  #cost = 0;
  #calls = 0;
  /** How many calls there were, and how many charges look at the counter. */
  #allCalls = 0;
  #looks = 0;
  /** Whether the local does not hold the counter, since something was called in this block. */
  #isStale = false;
  #pending = 0;
  #hasCalls = false;

  /** Scans bodies of a code section's content. */
  constructor(code: Uint8Array, context: BodyContext) {
    this.#context = context;
    this.#cursor = new InstructionCursor(code);
    this.#kinds = new Uint8Array(COMPLEXITY.depth + 1);
    this.#dead = new Uint8Array(COMPLEXITY.depth + 1);
    this.#label = new Int32Array(COMPLEXITY.depth + 1);
    this.#split = new Int32Array(COMPLEXITY.depth + 1);
    this.#atCharge = new Int32Array(COMPLEXITY.depth + 1);
    this.#atPending = new Int32Array(COMPLEXITY.depth + 1);
    this.#atCalls = new Int32Array(COMPLEXITY.depth + 1);
    this.#atLooks = new Int32Array(COMPLEXITY.depth + 1);
    this.#lowest = new Int32Array(COMPLEXITY.depth + 1);
    this.#loops = new LoopFrames(code);
  }

  /** How many charges look at the counter. */
  get looks(): number {
    return this.#looks;
  }

  /**
   * Scans a body. With `isPrepaid`, those who call the function charge {@link entryCost}.
   *
   * @throws MalformedError, or CordonError `limit`.
   */
  scan({ position, start, end, signature }: Body, isPrepaid: boolean = false): void {
    this.#position = position;
    const cursor = this.#cursor;
    cursor.seek(start, end);
    this.#reset();
    const declared = cursor.locals();
    this.locals = signature.parameters + declared;
    this.#counterLocal = this.#context.passing[position] === 1 ? signature.parameters : -1;
    if (this.locals > COMPLEXITY.locals) throw tooManyLocals(this.locals, COMPLEXITY.locals);
    this.codeStart = cursor.position;
    this.#isPrepaid = isPrepaid;
    this.#pending = isPrepaid ? enteredAgo(0) : lookedAgo(0);
    this.#push(FRAME.block);
    this.#open(cursor.position);
    this.#cost = Math.floor(declared / LOCALS_PER_UNIT);
    // The local that is the counter's is no straight code: its index changes.
    const straight = this.#counterLocal < 0 ? this.locals : 0;
    while (this.#depth > 0) {
      this.#cost += cursor.straight(UNCHECKED_UNITS - this.#cost - this.#calls * LEAF_UNITS, straight);
      if (this.#cost + this.#calls * LEAF_UNITS >= UNCHECKED_UNITS && !this.#isDead) {
        this.#boundary();
        continue;
      }
      cursor.next();
      if (cursor.opcode >= PAGE.collected) this.#feature(cursor.opcode);
      this.#cost += COST_OF[cursor.opcode] ?? 0;
      const action = ACTION_OF[cursor.opcode];
      if (action !== ACTION.none) this.#act(action ?? ACTION.refuse);
      if (this.#cost + this.#calls * LEAF_UNITS >= UNCHECKED_UNITS && !this.#isDead) this.#boundary();
    }
    if (cursor.position !== end) throw new MalformedError(cursor.position, "instructions after a function's end");
    this.lastEnd = cursor.start;
    const isBounded = !this.#hasCalls && !this.hasLoop && !this.handlesExceptions;
    this.isLeaf = isBounded && this.#ways.exitMost <= LEAF_UNITS;
    if (isPrepaid) return;
    this.#level();
    this.isChargedByCallers = isBounded && !this.#throws && this.levelCost >= 0 && this.levelCost <= CALLEE_UNITS;
    if (!this.isLeaf) this.#look(0);
  }

  /** Charges once at the entry, where the ways through the function differ by little. */
  #level(): void {
    const level = !this.hasLoop && !this.handlesExceptions && this.#looks === 0;
    if (!level || this.#ways.exitSpread > LEVEL_UNITS) return;
    this.levelCost = this.#ways.exitMost;
    this.events.chargeNothingFrom(1);
    this.events.setCost(0, this.levelCost);
  }

  #feature(opcode: number): void {
    const { collected = false, threads = false } = this.#context.allow;
    if (opcode < PAGE.miscellaneous && !collected) throw refusedFeature("instructions of garbage-collected types");
    if (opcode >= PAGE.atomic && !threads) throw refusedThreads("atomic instructions");
  }

  #reset(): void {
    this.events.clear();
    this.hasLoop = false;
    this.handlesExceptions = false;
    this.leavesByBranch = false;
    this.endsSpilled = false;
    this.#looks = 0;
    this.#allCalls = 0;
    this.#isStale = false;
    this.levelCost = -1;
    this.#ways.reset();
    this.#depth = 0;
    this.#isDead = false;
    this.#charge = UNREACHED;
    this.#calls = 0;
    this.#hasCalls = false;
    this.#throws = false;
    this.#loops.reset();
    this.entryCost = 0;
    this.callsItself = false;
  }

  #act(action: number): void {
    const cursor = this.#cursor;
    if (OPENS_BLOCK.has(action)) this.#typed(cursor.blockTypeIndex);
    switch (action) {
      case ACTION.local:
        this.#local();
        break;
      case ACTION.global:
        this.#global();
        break;
      case ACTION.block:
        this.#push(FRAME.block);
        break;
      case ACTION.loop:
        this.#loop();
        break;
      case ACTION.if:
        this.#push(FRAME.if);
        this.#close();
        this.#split[this.#depth - 1] = this.#pending;
        this.#ways.split(this.#depth - 1);
        this.#open(cursor.position);
        break;
      case ACTION.else:
        this.#else();
        break;
      case ACTION.end:
        this.#end();
        break;
      case ACTION.branch:
        this.#leaving(cursor.first);
        this.#close();
        this.#target(cursor.first, this.#pending);
        this.#isDead = true;
        break;
      case ACTION.branchIf:
        this.#leaving(cursor.first);
        this.#tailOf(cursor.first);
        this.#close();
        this.#target(cursor.first, this.#pending);
        this.#open(cursor.position);
        break;
      case ACTION.branchTable:
        this.#leaving(MOST);
        this.#close();
        this.#targets(0, this.#pending);
        this.#isDead = true;
        break;
      case ACTION.leave:
        this.#leave(cursor.opcode === OPCODE.return);
        break;
      case ACTION.call:
        this.#call();
        break;
      case ACTION.tailCall:
        this.#tailCall();
        break;
      case ACTION.functionReference:
        if (cursor.first >= this.#context.functions) this.#fail("a function that does not exist");
        break;
      case ACTION.try:
        this.handlesExceptions = true;
        this.#loops.setIntricate();
        this.#escape(-1);
        this.#push(FRAME.try);
        break;
      case ACTION.tryTable:
        this.handlesExceptions = true;
        // A catch comes from anywhere within, so nothing is known of what was charged.
        this.#targets(0, this.#unknown());
        this.#loops.setIntricate();
        this.#escape(-1);
        this.#push(FRAME.block);
        break;
      case ACTION.catch:
        this.#catch();
        break;
      case ACTION.delegate:
        this.#end();
        if (cursor.first >= this.#depth) this.#fail("a label that does not exist");
        break;
      case ACTION.replace:
        if (!this.#isDead) this.#replace();
        break;
      case ACTION.measure:
        if (!this.#isDead) this.#measure();
        break;
      case ACTION.wait:
        if (!this.#isDead) this.#wait();
        break;
      default:
        this.#fail("an instruction that is not allowed here");
    }
  }

  /** The counter takes the place of the first local that is no parameter, which goes behind the last. */
  #local(): void {
    const { first, start, position } = this.#cursor;
    if (first >= this.locals) this.#fail("a local that does not exist");
    // Dead code has to name the right local, too.
    if (first === this.#counterLocal) this.events.push(start, EVENT.index, this.locals, position);
  }

  #global(): void {
    const { first, start, position } = this.#cursor;
    if (first >= this.#context.globals) this.#fail("a global that does not exist");
    if (first < this.#context.importedGlobals) return;
    // Dead code has to name the right global, too.
    this.events.push(start, EVENT.index, first + ADDED_GLOBALS, position);
  }

  #loop(): void {
    this.hasLoop = true;
    this.#close();
    this.#escape(-1);
    this.#push(FRAME.loop);
    const event = this.#isDead ? -1 : this.events.count;
    this.#loops.begin(this.#depth - 1, event, { calls: this.#allCalls, looks: this.#looks });
    this.#event(this.#cursor.start, EVENT.loop, LOOP_FORM.plain, 0);
    this.#open(this.#cursor.position);
    if (!this.#isDead) this.#look(this.#charge);
  }

  #else(): void {
    const frame = this.#depth - 1;
    if (this.#kinds[frame] !== FRAME.if) this.#fail("an else without an if");
    this.#kinds[frame] = FRAME.else;
    this.#close();
    if (!this.#isDead) this.#arrive(frame, this.#pending);
    this.#isDead = this.#dead[frame] === 1;
    this.#pending = this.#split[frame] ?? 0;
    this.#ways.toSplit(frame);
    this.#open(this.#cursor.position);
  }

  #catch(): void {
    const frame = this.#depth - 1;
    const kind = this.#kinds[frame];
    if (kind !== FRAME.try && kind !== FRAME.catch) this.#fail("a catch without a try");
    this.#kinds[frame] = FRAME.catch;
    this.#close();
    this.#isDead = this.#dead[frame] === 1;
    this.#pending = this.#unknown();
    this.#open(this.#cursor.position);
  }

  #end(): void {
    const frame = this.#depth - 1;
    const kind = this.#kinds[frame];
    this.#depth = frame;
    if (frame === 0) {
      this.endsSpilled = this.#isStale && !this.leavesByBranch;
      if (this.endsSpilled) this.#isStale = false;
      this.#close();
      if (!this.#isDead) this.#ways.exit(true);
      return;
    }
    const lowest = this.#lowest[frame] ?? 0;
    if (lowest < frame) this.#escape(lowest);
    if (this.#dead[frame] === 1) {
      this.#isDead = true;
      return;
    }
    if (kind === FRAME.loop) {
      this.#shape(frame);
      return;
    }
    const label = this.#label[frame] ?? UNREACHED;
    if (kind === FRAME.block && label === UNREACHED) return;
    this.#close();
    if (!this.#isDead) this.#arrive(frame, this.#pending);
    if (kind === FRAME.if) {
      this.#ways.toSplit(frame);
      this.#arrive(frame, this.#split[frame] ?? 0);
    }
    if (kind === FRAME.try || kind === FRAME.catch) this.#arrive(frame, this.#unknown());
    this.#pending = this.#label[frame] ?? UNREACHED;
    this.#ways.toLabel(frame);
    this.#isDead = this.#pending === UNREACHED;
    if (!this.#isDead && kind !== FRAME.try && kind !== FRAME.catch && lowest >= frame && this.#join(frame)) return;
    this.#open(this.#cursor.position);
  }

  /**
   * Goes on with the block that a frame began in, if nothing leaves the frame and the ways through it differ by little: all that is
   * within costs what the dearest way does. What ends in a trap does not count.
   */
  #join(frame: number): boolean {
    const charge = this.#atCharge[frame] ?? 0;
    // What is not charged here stays apart from what is.
    if (sinceEntry(this.#atPending[frame] ?? 0) >= 0) return false;
    const cost = this.#ways.within(frame);
    if (cost > UNCHECKED_UNITS || this.#ways.spreadWithin(frame) > LEVEL_UNITS) return false;
    const looked = this.events.looks(charge) ? 1 : 0;
    const looksWithin = this.#looks - (this.#atLooks[frame] ?? 0) - looked;
    if (looksWithin > 0) return false;
    this.events.chargeNothingFrom(charge + 1);
    this.#charge = charge;
    this.#cost = cost;
    this.#ways.toStart(frame);
    this.#pending = this.#atPending[frame] ?? 0;
    this.#calls = this.#allCalls - (this.#atCalls[frame] ?? 0);
    return true;
  }

  /** How a loop is to be written, at its end. */
  #shape(frame: number): void {
    const { start, position } = this.#cursor;
    const { items: events, count: eventCount } = this.events;
    const counts = { calls: this.#allCalls, looks: this.#looks };
    const repeats = (this.#label[frame] ?? UNREACHED) !== UNREACHED;
    const form = repeats
      ? this.#loops.form(frame, { events, eventCount, position: start, ...counts })
      : LOOP_FORM.plain;
    if (form === LOOP_FORM.plain) return;
    const isClosed = form === LOOP_FORM.apart && this.#levelTurn(frame);
    this.events.complete(this.#loops.eventOf(frame), form, this.events.count);
    this.events.push(start, EVENT.loopEnd, this.#loops.tailOf(frame), 0);
    if (isClosed) this.#open(position);
  }

  /**
   * Charges a turn of a loop at its head, where it is charged in several places and the ways through it differ by little. Returns
   * whether it ended the block at the loop's end, so that the next one is to begin.
   */
  #levelTurn(frame: number): boolean {
    const head = this.#loops.eventOf(frame) + 1;
    if (!this.events.isChargedFrom(head + 1)) return false;
    this.#close();
    if (!this.#isDead) this.#ways.endTurn(frame);
    const most = this.#ways.turnMost(frame);
    if (most > UNCHECKED_UNITS || this.#ways.turnSpread(frame) > LEVEL_UNITS) return true;
    this.events.chargeNothingFrom(head + 1);
    this.events.setCost(head, most);
    return true;
  }

  /** Notes a branch that ends the first block of a loop by going back to its head. */
  #tailOf(depth: number): void {
    const frame = this.#depth - 1;
    if (depth !== 0 || this.#kinds[frame] !== FRAME.loop || this.#isDead) return;
    if (this.#charge !== this.#loops.eventOf(frame) + 1 || this.#cursor.opcode !== OPCODE.brIf) return;
    this.#loops.noteTail(frame, this.#cursor.start, this.#cursor.position);
  }

  /** Notes a branch that may leave the innermost loop it is in. */
  #leaving(depth: number): void {
    const loop = this.#loops.within(this.#depth - 1);
    const outside = this.#depth - loop - 1;
    if (loop < 0 || depth <= outside) return;
    const { opcode, start, position } = this.#cursor;
    if (opcode > 0xff) this.#loops.setIntricate();
    this.events.push(start, EVENT.exit, outside, position);
  }

  /** What may have been charged since the counter was looked at, where nothing is known of it. */
  #unknown(): number {
    const looked = lookedAgo(UNCHECKED_UNITS);
    return this.#isPrepaid ? either(looked, enteredAgo(LEAF_UNITS)) : looked;
  }

  #escape(lowest: number): void {
    const frame = this.#depth - 1;
    this.#lowest[frame] = Math.min(this.#lowest[frame] ?? 0, lowest);
  }

  #call(): void {
    const { start, position, opcode, first } = this.#cursor;
    const leafCost = this.#callee();
    const passes = opcode === OPCODE.call && this.#context.passing[first] === 1;
    if (passes) this.#pass(start, position);
    if (this.#isDead) return;
    if (leafCost >= 0) {
      this.#cost += leafCost;
      return;
    }
    this.#cost += this.#entryCost();
    if (opcode === OPCODE.call && first === this.#position) this.callsItself = true;
    if (passes) this.#noteCall();
    else this.#called(start);
  }

  /** Hands the counter to a function that gives it back. Dead code has to be of the right types, too. */
  #pass(start: number, end: number): void {
    if (this.#isStale) this.#event(start, EVENT.reload, 0, 0);
    this.#isStale = false;
    this.events.push(start, EVENT.pass, 0, 0);
    this.events.push(end, EVENT.take, 0, 0);
  }

  /** Before another function runs, the global has to hold the counter; the local does not, after that, to the block's end. */
  #called(start: number): void {
    if (!this.#isStale) this.#event(start, EVENT.spill, 0, 0);
    this.#isStale = true;
    this.#noteCall();
  }

  #noteCall(): void {
    this.#calls += 1;
    this.#allCalls += 1;
    this.#hasCalls = true;
  }

  #tailCall(): void {
    this.#cost += Math.max(this.#callee(), 0) + this.#entryCost();
    this.#hasCalls = true;
    if (sinceEntry(this.#pending) >= 0) this.#calls += 1;
    this.#leave(true);
  }

  /** What the function that is called costs whoever calls it; below zero when it charges that itself. */
  #callee(): number {
    const { opcode, first } = this.#cursor;
    if (opcode !== OPCODE.call && opcode !== OPCODE.returnCall) {
      this.#typed(first);
      return -1;
    }
    if (first >= this.#context.functions) this.#fail("a function that does not exist");
    return this.#context.leafCosts[first] ?? -1;
  }

  /** What the first block of the function that is called costs whoever calls it. */
  #entryCost(): number {
    const { opcode, first } = this.#cursor;
    if (opcode !== OPCODE.call && opcode !== OPCODE.returnCall) return 0;
    return Math.max(this.#context.entryCosts[first] ?? 0, 0);
  }

  #leave(returns: boolean): void {
    const { start, opcode } = this.#cursor;
    const gives = this.#counterLocal >= 0 && opcode === OPCODE.return;
    if (gives) this.events.push(start, EVENT.give, this.#isStale && !this.#isDead ? 1 : 0, 0);
    else if (!this.#isStale) this.#event(start, EVENT.spill, 0, 0);
    this.#isStale = false;
    this.#close();
    if (this.#isDead) return;
    this.#ways.exit(returns);
    const loop = this.#loops.within(this.#depth - 1);
    const throws = !returns && opcode !== OPCODE.unreachable;
    if (throws) this.#throws = true;
    // What is thrown may be caught, so it ends a turn as returning does; a trap is not.
    if (loop >= 0 && (returns || throws)) this.#ways.endTurn(loop);
    if (returns || throws) this.#escape(-1);
    this.#isDead = true;
  }

  /** The instruction becomes the call of a helper that has its type. */
  #replace(): void {
    const { opcode, first, second, start, position } = this.#cursor;
    this.#called(start);
    this.#event(start, EVENT.replace, this.#context.helpers.replacing(opcode, first, second), position);
  }

  /** The length on top of the stack is charged by a helper, which gives it back. */
  #measure(): void {
    const { opcode, first, second, start } = this.#cursor;
    this.#called(start);
    this.#event(start, EVENT.insert, this.#context.helpers.measuring(opcode, first, second), 0);
  }

  /** The instruction becomes the call of a helper, which is given the address's offset besides. */
  #wait(): void {
    const { opcode, first, start, position, offsetAt } = this.#cursor;
    this.#event(start, EVENT.constant, offsetAt, position);
    this.#event(start, EVENT.replace, this.#context.helpers.waiting(opcode, first), position);
  }

  /** Types are added behind the module's own, which it is not to name. */
  #typed(index: number | undefined): void {
    if (index !== undefined && index >= this.#context.types) this.#fail("a type that does not exist");
  }

  #push(kind: number): void {
    if (this.#depth > COMPLEXITY.depth) throw tooDeep(COMPLEXITY.depth);
    this.#kinds[this.#depth] = kind;
    this.#dead[this.#depth] = this.#isDead ? 1 : 0;
    this.#label[this.#depth] = UNREACHED;
    this.#split[this.#depth] = 0;
    this.#atCharge[this.#depth] = this.#charge;
    this.#ways.open(this.#depth);
    this.#atPending[this.#depth] = this.#pending;
    this.#atCalls[this.#depth] = this.#allCalls - this.#calls;
    this.#atLooks[this.#depth] = this.#looks - (this.events.looks(this.#charge) ? 1 : 0);
    this.#lowest[this.#depth] = MOST;
    this.#loops.open(this.#depth);
    this.#depth += 1;
  }

  #targets(from: number, pending: number): void {
    const { labels, labelCount } = this.#cursor;
    for (let index = from; index < labelCount; index += 1) this.#target(labels[index] ?? 0, pending);
  }

  #target(depth: number, pending: number): void {
    const frame = this.#depth - 1 - depth;
    if (frame < 0) this.#fail("a label that does not exist");
    if (this.#isDead) return;
    if (frame === 0) {
      this.leavesByBranch = true;
      this.#ways.exit(true);
    }
    if (frame < this.#depth - 1) this.#escape(frame);
    const loop = this.#loops.within(this.#depth - 1);
    if (frame <= loop) this.#ways.endTurn(loop);
    this.#arrive(frame, pending);
  }

  /** Notes a way to a frame's end. */
  #arrive(frame: number, pending: number): void {
    this.#label[frame] = either(this.#label[frame] ?? UNREACHED, pending);
    this.#ways.arrive(frame);
  }

  #boundary(): void {
    this.#close(this.#cursor.position);
    this.#open(this.#cursor.position);
  }

  #open(position: number): void {
    this.#cost = 0;
    this.#calls = 0;
    this.#charge = this.events.count;
    this.#event(position, EVENT.charge, 0, 0);
  }

  /** Ends the block that was begun last: its cost is known. */
  #close(position: number = this.#cursor.start): void {
    if (this.#isDead) return;
    if (this.#isStale) this.#event(position, EVENT.reload, 0, 0);
    this.#isStale = false;
    const calls = this.#calls * LEAF_UNITS;
    this.events.setCost(this.#charge, this.#cost);
    this.#ways.add(this.#cost);
    const pending = further(this.#pending, this.#cost + calls);
    const entered = sinceEntry(pending);
    const looked = sinceLook(pending);
    const isTooMuch = looked > UNCHECKED_UNITS || entered > LEAF_UNITS || (entered >= 0 && calls > 0);
    if (isTooMuch) this.#look(this.#charge);
    const looks = this.events.looks(this.#charge);
    this.#pending = looks ? lookedAgo(calls) : pending;
    if (looks || looked >= 0) return;
    this.entryCost = Math.max(this.entryCost, entered);
    this.events.setCost(this.#charge, 0);
  }

  #look(charge: number): void {
    if (this.events.setLook(charge)) this.#looks += 1;
  }

  #event(position: number, kind: number, first: number, second: number): void {
    if (!this.#isDead) this.events.push(position, kind, first, second);
  }

  #fail(problem: string): never {
    throw new MalformedError(this.#cursor.start, problem);
  }
}
