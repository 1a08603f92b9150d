import type { Remedy } from "../../shared/text/remedy.ts";
import type { AccessEventType, AuditObservation, AuditResult } from "../../audit/event.ts";
import { UNTOLD } from "../../shared/use.ts";

/** Bytes of events that may be on their way. A power of two. */
const CAPACITY = 64 * 1024;

/** Words in front of the events: how far they are written, how far they are read, and whether the reader was called. */
const [WRITTEN, READ, CALLED, HEAD_WORDS] = [0, 1, 2, 4];

const WORD = Int32Array.BYTES_PER_ELEMENT;

/** In place of an event's length: the next one is at the start. */
const AT_THE_START = -1;

/** The longest event, in bytes. Names are cut long before; what is longer says so instead. */
const MAX_EVENT_BYTES = CAPACITY / 2;

/** Where the writer waits for the reader: this much is free again. */
const COMFORTABLE = CAPACITY / 2;

type Encoded = [
  ticket: number,
  type: AccessEventType,
  action: string,
  resource: string,
  result: AuditResult,
  reason?: string | null,
  remedies?: readonly Remedy[] | null,
  uses?: AuditObservation["uses"],
];

/** Memory for a ring, to be shared with the other side. */
export function ringMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_WORDS * WORD + CAPACITY);
}

/**
 * The side of a ring that reports events, in the thread where guests run. It costs no message for each event, and what was
 * written is there for the reader even if this thread is ended in the next moment.
 */
export class EventRingWriter {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #call: () => void;

  /** @param call Calls the reader, which is to read all there is. */
  constructor(memory: SharedArrayBuffer, call: () => void) {
    this.#words = new Int32Array(memory);
    this.#bytes = Buffer.from(memory, HEAD_WORDS * WORD);
    this.#call = call;
  }

  /** Whether the reader is so far behind that guests should wait for it. */
  get crowded(): boolean {
    return this.#used() > COMFORTABLE;
  }

  /** Writes an event. Waits for room, which ends with the thread at the latest. */
  write(ticket: number, { eventType, action, resource, result, reason, remedies, uses }: AuditObservation): void {
    const encoded: Encoded = [ticket, eventType, action, resource, result];
    if (reason !== undefined || remedies !== undefined || uses !== undefined) encoded.push(reason ?? null);
    if (remedies !== undefined || uses !== undefined) encoded.push(remedies ?? null);
    if (uses !== undefined) encoded.push(uses);
    let text = JSON.stringify(encoded);
    let length = Buffer.byteLength(text);
    if (length > MAX_EVENT_BYTES) {
      const short: Encoded = [ticket, eventType, action, "(too long to be recorded)", result];
      text = JSON.stringify(uses === undefined ? short : [...short, null, null, UNTOLD]);
      length = Buffer.byteLength(text);
    }
    const size = sizeOf(length);
    const written = this.#words[WRITTEN] ?? 0;
    const start = written & (CAPACITY - 1);
    const left = CAPACITY - start;
    const skipped = size > left ? left : 0;
    this.#waitFor(size + skipped);
    if (skipped > 0) this.#words[HEAD_WORDS + start / WORD] = AT_THE_START;
    const at = skipped > 0 ? 0 : start;
    this.#words[HEAD_WORDS + at / WORD] = length;
    this.#bytes.write(text, at + WORD, "utf8");
    Atomics.store(this.#words, WRITTEN, (written + skipped + size) | 0);
    if (this.crowded) this.callReader();
  }

  /** Calls the reader when there is anything to read and it was not called yet. */
  callReader(): void {
    if (this.#used() === 0) return;
    if (Atomics.exchange(this.#words, CALLED, 1) === 0) this.#call();
  }

  /** Both counters wrap around at 32 bits, and so does their difference. */
  #used(): number {
    return ((this.#words[WRITTEN] ?? 0) - Atomics.load(this.#words, READ)) | 0;
  }

  #waitFor(size: number): void {
    while (CAPACITY - this.#used() < size) {
      const seen = Atomics.load(this.#words, READ);
      this.callReader();
      if (CAPACITY - this.#used() < size) Atomics.wait(this.#words, READ, seen);
    }
  }
}

/** The side of a ring that takes the events. */
export class EventRingReader {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#bytes = Buffer.from(memory, HEAD_WORDS * WORD);
  }

  /**
   * Hands on the events that are there, in order, or the first of them. What is written meanwhile is for another time: a guest
   * never stops. Returns whether that was all.
   */
  read(take: (ticket: number, observation: AuditObservation) => void, most: number = CAPACITY): boolean {
    Atomics.store(this.#words, CALLED, 0);
    const end = Atomics.load(this.#words, WRITTEN);
    for (let left = most; left > 0; left -= 1) {
      // Looked up again each time: who takes an event may read the next ones.
      const read = this.#words[READ] ?? 0;
      if (((end - read) | 0) <= 0) return true;
      const start = read & (CAPACITY - 1);
      const length = this.#words[HEAD_WORDS + start / WORD] ?? AT_THE_START;
      const isEvent = length !== AT_THE_START;
      const text = isEvent ? this.#bytes.toString("utf8", start + WORD, start + WORD + length) : "";
      Atomics.store(this.#words, READ, (read + (isEvent ? sizeOf(length) : CAPACITY - start)) | 0);
      Atomics.notify(this.#words, READ);
      if (!isEvent) continue;
      const [ticket, eventType, action, resource, result, reason, remedies, uses] = JSON.parse(text) as Encoded;
      take(ticket, {
        eventType,
        action,
        resource,
        result,
        ...(typeof reason === "string" ? { reason } : {}),
        ...(remedies === undefined || remedies === null ? {} : { remedies }),
        ...(uses === undefined ? {} : { uses }),
      });
    }
    return false;
  }
}

/** What an event takes up: its length, its text, and what is left of the last word. */
function sizeOf(length: number): number {
  return WORD + Math.ceil(length / WORD) * WORD;
}
