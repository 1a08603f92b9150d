import { types } from "node:util";
import type { Replacement } from "../../component/values/check-value.ts";
import { describeValue } from "../../component/values/describe-value.ts";
import { STREAM_SERVICE, type StreamAsk } from "../../runtime/engine/streams/messages.ts";
import type { CordonError } from "../../shared/errors.ts";
import type { ElementValues, StreamType } from "./element-values.ts";
import { type GivenEnd, GivenFuture, GivenStream } from "./given-end.ts";
import { TakenEnd } from "./taken-end.ts";

type AnyAsk = Extract<StreamAsk, { readonly op: "out" }>;

/**
 * The embedder's ends of the streams and futures of one invocation, by numbers: those of its own that a guest reads, and those that it
 * reads from a guest. What the other side asks of them may be anything.
 */
export class InvocationStreams {
  readonly #most: number;
  readonly #given = new Map<number, GivenEnd>();
  /** Those of {@link #given} that are asked for their next part. */
  readonly #asked = new Set<number>();
  readonly #taken = new Map<number, TakenEnd>();
  #last = 0;
  /** The highest number that the guest's side has said: it counts up. */
  #lastTaken = 0;
  #isOver = false;

  /** @param most How many there may be at once, in each direction. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether the embedder has one that is neither read to its end nor cancelled. */
  get isReading(): boolean {
    return [...this.#taken.values()].some((end) => end.isOpen);
  }

  /** A web stream or promise becomes a number for the guest. */
  give(value: unknown, type: StreamType, values: ElementValues): Replacement {
    if (this.#isOver || this.#given.size >= this.#most) return { found: "one more than an instance may have" };
    const end = type.kind === "future" ? futureOf(value, type, values) : streamOf(value, type, values);
    if (typeof end === "string") return { found: end };
    this.#last += 1;
    this.#given.set(this.#last, end);
    return { value: this.#last };
  }

  /** One that the guest was not given. */
  takeBack(id: number): void {
    this.#given.get(id)?.giveBack();
    this.#given.delete(id);
  }

  /** A number becomes a web stream or promise for the embedder. */
  take(id: unknown, type: StreamType, values: ElementValues): Replacement {
    const end = this.#takenAt(id);
    if (end === undefined || end.isTaken) return { found: `no number of a new ${type.kind}` };
    return { value: end.take(type, values) };
  }

  /** The embedder does not read one that it was given. */
  refuse(id: unknown): void {
    if (typeof id === "number") this.#taken.get(id)?.close();
  }

  /** Answers what the guest's side asks; `undefined` for any other service. Rejects what none asks. */
  answer(service: string, payload: unknown): Promise<unknown> | undefined {
    if (service !== STREAM_SERVICE) return undefined;
    return this.#answer(payload ?? {});
  }

  /** The embedder reads none of those any more that it was given. */
  stopReading(reason: CordonError): void {
    for (const end of this.#taken.values()) if (end.isOpen) end.fail(reason);
  }

  /** The invocation is over, for this reason. */
  end(reason: () => CordonError): void {
    this.#isOver = true;
    if (this.#given.size + this.#taken.size === 0) return;
    const error = reason();
    for (const end of this.#given.values()) end.cancel(error);
    for (const end of this.#taken.values()) end.fail(error);
    this.#given.clear();
    this.#taken.clear();
  }

  async #answer({ op, id, items, isLast }: { readonly [K in keyof AnyAsk]?: unknown }): Promise<unknown> {
    switch (op) {
      case "out":
        return this.#takenAt(id)?.put(items, isLast === true) ?? false;
      case "watch":
        return this.#takenAt(id)?.watch();
      case "in":
        return this.#next(id);
      case "cancel":
        this.#given.get(id as number)?.cancel(undefined);
        this.#given.delete(id as number);
        return undefined;
      default:
        throw new Error("nothing is asked of a stream like this");
    }
  }

  async #next(id: unknown): Promise<unknown> {
    const end = typeof id === "number" ? this.#given.get(id) : undefined;
    if (typeof id !== "number" || end === undefined || this.#asked.has(id))
      throw new Error("there is no such stream to ask");
    this.#asked.add(id);
    const part = await end.next();
    this.#asked.delete(id);
    if (part.isLast || end instanceof GivenFuture) this.#given.delete(id);
    return part;
  }

  /** The guest's side may speak of one before the embedder has it, and of one that is closed. */
  #takenAt(id: unknown): TakenEnd | undefined {
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id <= 0 || this.#isOver) return undefined;
    const known = this.#taken.get(id);
    if (known !== undefined) return known;
    if (id <= this.#lastTaken || this.#taken.size >= this.#most) return undefined;
    this.#lastTaken = id;
    const made = new TakenEnd(() => void this.#taken.delete(id));
    this.#taken.set(id, made);
    return made;
  }
}

function streamOf(value: unknown, type: StreamType, values: ElementValues): GivenEnd | string {
  const found = `${describeValue(value)}, which is no ReadableStream`;
  if (types.isProxy(value) || !(value instanceof ReadableStream)) return found;
  try {
    const reader = ReadableStream.prototype.getReader.call(value) as ReadableStreamDefaultReader;
    return new GivenStream(reader, type, values);
  } catch {
    return "a stream that is locked, or none";
  }
}

function futureOf(value: unknown, type: StreamType, values: ElementValues): GivenEnd | string {
  return types.isPromise(value) ? new GivenFuture(value, type, values) : `${describeValue(value)}, which is no promise`;
}
