import type { AuditObservation } from "../../audit/event.ts";
import type { DocumentRate } from "../../policy/documents/policy-document.ts";
import { rateWords, SPAN_MS } from "../../policy/rate.ts";
import { CordonError } from "../../shared/errors.ts";

/** When something happened last, as often as a rate has to know. */
class Window {
  readonly #rate: DocumentRate;
  readonly #times: number[] = [];
  #oldest = 0;

  constructor(rate: DocumentRate) {
    this.#rate = rate;
  }

  /** How long it takes until one more is within the rate, in milliseconds; 0 where it is now. */
  waitAt(now: number): number {
    const { most, per } = this.#rate;
    if (most === 0) return SPAN_MS[per];
    const oldest = this.#times.length < most ? undefined : this.#times[this.#oldest];
    return oldest === undefined ? 0 : Math.max(0, oldest + SPAN_MS[per] - now);
  }

  /** Counts one. Of those that are too old to matter the oldest is forgotten. */
  count(now: number): void {
    const { most } = this.#rate;
    if (most === 0) return;
    if (this.#times.length < most) this.#times.push(now);
    else {
      this.#times[this.#oldest] = now;
      this.#oldest = (this.#oldest + 1) % most;
    }
  }
}

interface Watched {
  readonly rate: DocumentRate;
  readonly window: Window;
}

/** Enforces how often the documents of a sandbox let it be called and denied. Spans slide: no two of them are looked at apart. */
export class RateGate {
  readonly #calls: readonly Watched[];
  readonly #denials: readonly Watched[];
  readonly #now: () => number;

  /** @param now In milliseconds; never goes back. */
  constructor(rates: readonly DocumentRate[], now: () => number = () => performance.now()) {
    const of = (kind: DocumentRate["of"]): readonly Watched[] =>
      rates.filter((rate) => rate.of === kind).map((rate) => ({ rate, window: new Window(rate) }));
    this.#calls = of("calls");
    this.#denials = of("denials");
    this.#now = now;
  }

  /**
   * Counts a call that is about to be made.
   *
   * @param attempt What is refused, for the error.
   * @param record Gets the denial of one that is too many, or what would have been one.
   * @throws CordonError `limit` for a call that is too many, and while there were too many denials.
   */
  enter(name: string, attempt: string, record: (observation: AuditObservation) => void): void {
    const now = this.#now();
    for (const { rate, window } of [...this.#calls, ...this.#denials]) {
      // Denials are counted when they happen; as many as there may be stop nothing yet.
      const wait = rate.of === "calls" ? window.waitAt(now) : this.#blockedFor(rate, now);
      if (wait === 0) continue;
      record(observationOf(rate, name));
      if (rate.isLogged) continue;
      throw refusal(rate, wait, `${attempt}: `);
    }
    for (const { window } of this.#calls) window.count(now);
  }

  /**
   * Counts a denial.
   *
   * @param record Gets what is recorded of one that is too many.
   * @returns Why the guest has to end, if it has.
   */
  denied(record: (observation: AuditObservation) => void): CordonError | undefined {
    const now = this.#now();
    let end: CordonError | undefined;
    for (const { rate, window } of this.#denials) {
      const wait = window.waitAt(now);
      window.count(now);
      if (wait === 0) continue;
      record(observationOf(rate, "denials"));
      if (rate.isLogged) continue;
      this.#blocked.set(rate, now + wait);
      end ??= refusal(rate, wait);
    }
    return end;
  }

  /** Until when rates of denials that were passed let nothing be called. */
  readonly #blocked = new Map<DocumentRate, number>();

  #blockedFor(rate: DocumentRate, now: number): number {
    return Math.max(0, (this.#blocked.get(rate) ?? 0) - now);
  }
}

function observationOf(rate: DocumentRate, resource: string): AuditObservation {
  return {
    eventType: "PolicyViolation",
    action: `policy.rates.${rate.of}`,
    resource,
    result: rate.isLogged ? "would-deny" : "Denied",
    reason: `the policy allows ${rateWords(rate)} (${place(rate)})`,
  };
}

function refusal(rate: DocumentRate, waitMs: number, attempt = ""): CordonError {
  const retryAfterMs = Math.ceil(waitMs);
  const advice = `call it again in ${Math.ceil(retryAfterMs / 1_000)} s, or allow more there`;
  const message = `${attempt}the policy allows ${rateWords(rate)} (${place(rate)}), and there were as many; ${advice}`;
  return new CordonError("limit", message, { retryAfterMs, limit: { limit: `${rate.of}-rate`, cap: rate.most } });
}

function place({ file, line, column }: DocumentRate): string {
  return `${file}:${line}:${column}`;
}
