import { EventList } from "./event-list.ts";

/** What was found in a function's body, for the emitter to write it anew by. */
export class ScannedBody {
  /** What has to be written, and where. */
  readonly events: EventList = new EventList();
  /** Where the instructions begin, after the locals. */
  codeStart: number = 0;
  /** Where the body's last `end` is. */
  lastEnd: number = 0;
  /** How many parameters and locals there are, and so the index of the next. */
  locals: number = 0;
  /** In how many places the counter is checked. */
  checks: number = 0;
  hasLoop: boolean = false;
  handlesExceptions: boolean = false;
  /** Whether something branches to the function's own label. */
  leavesByBranch: boolean = false;
  /** Whether it calls itself by name. */
  callsItself: boolean = false;
  /** Whether the global holds the counter where the body ends. */
  endsSpilled: boolean = false;
  /** What every call is charged alike, at the entry, where nothing else is charged; below zero when blocks are charged one by one. */
  flatCost: number = -1;
  /** What those who call the function are to charge, if they charge for its part up to the first check. */
  entryCost: number = 0;
  /** Whether those who call it may charge {@link flatCost} for it, and it nothing. */
  isChargedByCallers: boolean = false;

  /** Makes it that of a body of which nothing is known. */
  clear(): void {
    this.events.clear();
    this.checks = 0;
    this.hasLoop = false;
    this.handlesExceptions = false;
    this.leavesByBranch = false;
    this.callsItself = false;
    this.endsSpilled = false;
    this.flatCost = -1;
    this.entryCost = 0;
    this.isChargedByCallers = false;
  }
}
