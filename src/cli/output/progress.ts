import type { PrepareStage } from "../../component/preparation/messages.ts";
import { neutralisedLine, type Output, styled } from "./terminal.ts";

/** Nothing is shown for what is over sooner, in milliseconds. */
const QUIET_MS = 1000;

/** How often the line is drawn again, in milliseconds. */
const REDRAW_MS = 200;

const WORDS: Readonly<Record<PrepareStage, string>> = {
  validating: "validating",
  hardening: "hardening",
  done: "done",
};

/** A line on a terminal that says how far a first load is, once that takes over a second. */
export class LoadProgress implements Disposable {
  readonly #stream: Output;
  readonly #name: string;
  readonly #since = Date.now();
  #stage: PrepareStage = "validating";
  #timer: NodeJS.Timeout | undefined;
  #drawn = false;

  constructor(name: string, stream: Output) {
    this.#name = neutralisedLine(name);
    this.#stream = stream;
  }

  /** To be called at every stage; the line appears only on a terminal. */
  readonly stage = (stage: PrepareStage): void => {
    this.#stage = stage;
    if (!this.#stream.isTTY) return;
    this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS).unref();
  };

  /** Takes the line away. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#drawn) this.#stream.write("\r\u001b[K");
  }

  #draw(): void {
    const elapsed = Date.now() - this.#since;
    if (elapsed < QUIET_MS) return;
    const whole = `First load of ${this.#name}: ${WORDS[this.#stage]} … ${(elapsed / 1000).toFixed(1)} s`;
    // A line that wraps could not be taken away.
    const text = whole.slice(0, (this.#stream.columns || 80) - 1);
    this.#stream.write(`\r\u001b[K${styled("quiet", text, this.#stream)}`);
    this.#drawn = true;
  }
}
