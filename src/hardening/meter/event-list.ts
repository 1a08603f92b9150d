import { EVENT, EVENT_SIZE } from "./body-events.ts";

/** What is to be written into a body, in the order of the places: {@link EVENT_SIZE} numbers for each. */
export class EventList {
  /** Position, kind, and two more numbers of each event; what lies behind the last is of no meaning. */
  items: Int32Array = new Int32Array(1024);
  count: number = 0;

  /** Forgets all and keeps the room. */
  clear(): void {
    this.count = 0;
  }

  push(position: number, kind: number, first: number, second: number): void {
    const at = this.count * EVENT_SIZE;
    if (at + EVENT_SIZE > this.items.length) {
      const larger = new Int32Array(this.items.length * 2);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[at] = position;
    this.items[at + 1] = kind;
    this.items[at + 2] = first;
    this.items[at + 3] = second;
    this.count += 1;
  }

  /** Changes the two numbers of an event. */
  complete(event: number, first: number, second: number): void {
    this.items[event * EVENT_SIZE + 2] = first;
    this.items[event * EVENT_SIZE + 3] = second;
  }

  /** Sets what a `charge` event charges. */
  setCost(event: number, units: number): void {
    this.items[event * EVENT_SIZE + 2] = units;
  }

  /** Has a `charge` event check the counter, too; false when it did already. */
  setCheck(event: number): boolean {
    if (this.isChecked(event)) return false;
    this.items[event * EVENT_SIZE + 3] = 1;
    return true;
  }

  /** Whether a `charge` event checks the counter. */
  isChecked(event: number): boolean {
    return this.items[event * EVENT_SIZE + 3] === 1;
  }

  /** Whether anything is charged from an event on, as far as that is known yet. */
  hasCostFrom(event: number): boolean {
    for (let at = event * EVENT_SIZE; at < this.count * EVENT_SIZE; at += EVENT_SIZE) {
      if (this.items[at + 1] === EVENT.charge && this.items[at + 2] !== 0) return true;
    }
    return false;
  }

  /** Has all from an event on charge nothing. */
  clearCosts(event: number): void {
    for (let at = event * EVENT_SIZE; at < this.count * EVENT_SIZE; at += EVENT_SIZE) {
      if (this.items[at + 1] === EVENT.charge) this.items[at + 2] = 0;
    }
  }

  /** In how many places something is charged, or the counter checked. */
  get charges(): number {
    let found = 0;
    for (let at = 0; at < this.count * EVENT_SIZE; at += EVENT_SIZE) {
      if (this.items[at + 1] === EVENT.charge && (this.items[at + 2] !== 0 || this.items[at + 3] === 1)) found += 1;
    }
    return found;
  }
}
