import { EVENT } from "./body-events.ts";
import { CostRange } from "./cost-range.ts";
import type { EventList } from "./event-list.ts";
import { LEAF_UNITS, UNCHECKED_UNITS } from "./fuel-costs.ts";
import { advance, checkedAgo, enteredAgo, join, sinceCheck, sinceEntry } from "./unchecked.ts";

/**
 * The basic block that is being scanned: instructions that run all or none, a trap aside. It is charged where it begins, by an event
 * whose cost is filled in when the block ends, and is given a check of the counter when too much could go unchecked without one.
 */
export class BasicBlock {
  readonly events: EventList;
  /** Whether it cannot be reached. Such code is not charged, and only has its indices changed. */
  isDead: boolean = false;
  /** What its instructions cost so far, and how many calls they make that charge for themselves. */
  cost: number = 0;
  calls: number = 0;
  /** The event that charges it. */
  charge: number = 0;
  /** What holds at its beginning; see `unchecked.ts`. */
  unchecked: number = 0;
  /** What paths cost to its beginning, and to the function's ends. */
  readonly pathCost: CostRange = new CostRange();
  readonly exitCost: CostRange = new CostRange();
  /** How many calls that charge for themselves, and how many checks, the body has up to here. */
  callsSoFar: number = 0;
  checksSoFar: number = 0;
  /** What is not charged within the function, since those who call it do. */
  entryCost: number = 0;
  /** Whether another function has the counter, so that the local that holds it elsewhere is out of date. */
  isSpilled: boolean = false;
  #isPrepaid = false;

  constructor(events: EventList) {
    this.events = events;
  }

  /** Begins a body at its first instruction. With `isPrepaid`, those who call it charge what it costs up to its first check. */
  enter(position: number, isPrepaid: boolean): void {
    this.isDead = false;
    this.unchecked = isPrepaid ? enteredAgo(0) : checkedAgo(0);
    this.pathCost.toEntry();
    this.exitCost.toUnreached();
    this.callsSoFar = 0;
    this.checksSoFar = 0;
    this.entryCost = 0;
    this.isSpilled = false;
    this.#isPrepaid = isPrepaid;
    this.open(position);
  }

  /** Begins a block. */
  open(position: number): void {
    this.cost = 0;
    this.calls = 0;
    this.charge = this.events.count;
    this.push(position, EVENT.charge, 0, 0);
  }

  /** Ends the block: now it is known what it costs, and whether it needs a check. */
  close(position: number): void {
    if (this.isDead) return;
    this.reload(position);
    const calls = this.calls * LEAF_UNITS;
    this.events.setCost(this.charge, this.cost);
    this.pathCost.advance(this.cost);
    const unchecked = advance(this.unchecked, this.cost + calls);
    const entered = sinceEntry(unchecked);
    const needsCheck =
      sinceCheck(unchecked) > UNCHECKED_UNITS || entered > LEAF_UNITS || (entered >= 0 && this.calls > 0);
    if (needsCheck) this.check(this.charge);
    const isChecked = this.events.isChecked(this.charge);
    this.unchecked = isChecked ? checkedAgo(calls) : unchecked;
    if (isChecked || sinceCheck(unchecked) >= 0) return;
    // No path to its end has a check, so those who call the function charge it.
    this.entryCost = Math.max(this.entryCost, entered);
    this.events.setCost(this.charge, 0);
  }

  /** How many units more it may have before it is cut. */
  get room(): number {
    return UNCHECKED_UNITS - this.cost - this.calls * LEAF_UNITS;
  }

  /** Has a block check the counter when it is charged. */
  check(charge: number): void {
    if (this.events.setCheck(charge)) this.checksSoFar += 1;
  }

  /** Notes a call that may charge and check for itself. */
  countCall(): void {
    this.calls += 1;
    this.callsSoFar += 1;
  }

  /** Before another function runs, the global has to hold the counter. The local does not from then on, up to the block's end. */
  spill(position: number): void {
    if (!this.isSpilled) this.push(position, EVENT.spill, 0, 0);
    this.isSpilled = true;
  }

  /** Has the local hold the counter again. */
  reload(position: number): void {
    if (this.isSpilled) this.push(position, EVENT.reload, 0, 0);
    this.isSpilled = false;
  }

  /** Notes an event, unless the block is dead. */
  push(position: number, kind: number, first: number, second: number): void {
    if (!this.isDead) this.events.push(position, kind, first, second);
  }

  /** The function returns here, or traps: a trap ends all, so how little was charged before does not matter. */
  exit(returns: boolean): void {
    if (returns) this.exitCost.join(this.pathCost);
    else this.exitCost.joinMax(this.pathCost);
  }

  /** What holds where control may come from anywhere, such as in an exception's handler. */
  get anything(): number {
    const checked = checkedAgo(UNCHECKED_UNITS);
    return this.#isPrepaid ? join(checked, enteredAgo(LEAF_UNITS)) : checked;
  }
}
