import { performance } from "node:perf_hooks";
import { seeded, type Xoshiro128 } from "../../src/host/random/pseudo-random.ts";
import { inspect, Sandbox } from "../../src/sandbox/index.ts";
import { CordonError, type ErrorCode } from "../../src/shared/errors.ts";
import { leb128 } from "./component-bytes.ts";

/** A component that was changed, and how. */
export interface Mutant {
  readonly index: number;
  readonly how: string;
  readonly bytes: Uint8Array;
}

/** What became of a mutant: it loads, or it is refused. */
export type Outcome = "loaded" | "invalid-component" | "unsupported" | "limit";

/** What a mutant may be refused with. Another code, or another kind of error, is a fault of the loader. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(["invalid-component", "unsupported", "limit"]);

/** No mutant may take longer to load or to be refused, in milliseconds. */
const MOST_MS = 20_000;

/** Bytes at which something changes: signs and continuations of LEB128, section ids, opcodes, what ends a JavaScript string. */
const SPECIAL = [0x00, 0x01, 0x07, 0x0a, 0x0b, 0x22, 0x27, 0x40, 0x5c, 0x60, 0x7f, 0x80, 0xfe, 0xff];

/** Mutants of a corpus, one for each index; the same seed gives the same ones. */
export class Mutants {
  readonly #corpus: readonly Uint8Array[];
  readonly #seed: number;

  constructor(corpus: readonly Uint8Array[], seed: number) {
    this.#corpus = corpus;
    this.#seed = seed;
  }

  /** The mutant of that index, made by one to three changes, most by one. */
  at(index: number): Mutant {
    const dice = new Dice(seeded(BigInt(this.#seed) * 2n ** 32n + BigInt(index), "mutants"));
    const origin = dice.below(this.#corpus.length);
    let bytes = Uint8Array.from(this.#corpus[origin] ?? []);
    const changes: string[] = [];
    for (let left = dice.one([1, 1, 1, 2, 3]); left > 0; left -= 1) {
      const [name, change] = dice.one(CHANGES);
      changes.push(name);
      bytes = Uint8Array.from(change(bytes, dice, this.#corpus));
    }
    return { index, how: `#${index} of seed ${this.#seed}: component ${origin}, ${changes.join(", ")}`, bytes };
  }
}

/** Draws from a generator. */
class Dice {
  readonly #generator: Xoshiro128;

  constructor(generator: Xoshiro128) {
    this.#generator = generator;
  }

  /** From 0 up to and without `bound`; 0 when that is 0. */
  below(bound: number): number {
    return bound <= 0 ? 0 : this.#generator.next() % bound;
  }

  one<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }
}

type Change = (bytes: Uint8Array, dice: Dice, corpus: readonly Uint8Array[]) => Uint8Array;

const CHANGES: readonly [readonly [string, Change], ...(readonly [string, Change])[]] = [
  ["cut short", (bytes, dice) => bytes.subarray(0, dice.below(bytes.length))],
  ["bits flipped", flipBits],
  ["bits flipped", flipBits],
  ["special bytes", specialBytes],
  ["a range removed", (bytes, dice) => replaced(bytes, dice, new Uint8Array(0))],
  ["a range repeated", (bytes, dice) => replaced(bytes, dice, rangeOf(bytes, dice))],
  ["LEB128 inflated", inflate],
  ["sections spliced", splice],
  ["a name made code", nameIntoCode],
];

function flipBits(bytes: Uint8Array, dice: Dice): Uint8Array {
  for (let left = dice.one([1, 1, 2, 8]); left > 0; left -= 1) {
    const at = dice.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
  }
  return bytes;
}

function specialBytes(bytes: Uint8Array, dice: Dice): Uint8Array {
  for (let left = dice.one([1, 1, 2, 4]); left > 0; left -= 1) {
    bytes[dice.below(bytes.length)] = SPECIAL[dice.below(SPECIAL.length)] ?? 0;
  }
  return bytes;
}

function rangeOf(bytes: Uint8Array, dice: Dice): Uint8Array {
  const start = dice.below(bytes.length);
  return bytes.slice(start, start + dice.below(64));
}

/** With up to 64 bytes somewhere replaced. */
function replaced(bytes: Uint8Array, dice: Dice, by: Uint8Array): Uint8Array {
  const start = dice.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(start + dice.below(64))]);
}

/** A byte that may be a count or a length is written longer than it need be, or becomes the largest there is. */
function inflate(bytes: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length);
  const value = bytes[at] ?? 0;
  const padded = Uint8Array.of((value & 0x7f) | 0x80, ...Array.from({ length: dice.below(5) }, () => 0x80), 0x00);
  const longer = dice.below(2) === 0 ? padded : leb128(dice.one([2 ** 32 - 1, 2 ** 31, 2 ** 35, value * 1_000]));
  return Buffer.concat([bytes.subarray(0, at), longer, bytes.subarray(at + 1)]);
}

/** A section of another component, or of its own, somewhere between its sections; the rest may go. */
function splice(bytes: Uint8Array, dice: Dice, corpus: readonly Uint8Array[]): Uint8Array {
  const own = boundaries(bytes);
  const other = corpus[dice.below(corpus.length)] ?? bytes;
  const theirs = boundaries(other);
  const from = dice.below(theirs.length - 1);
  const [at, next] = [own[dice.below(own.length)] ?? bytes.length, own[dice.below(own.length)] ?? bytes.length];
  return Buffer.concat([
    bytes.subarray(0, at),
    other.subarray(theirs[from], theirs[from + 1]),
    bytes.subarray(Math.max(at, dice.below(2) === 0 ? at : next)),
  ]);
}

/** Where sections begin, and where the last that is whole ends. */
function boundaries(bytes: Uint8Array): readonly number[] {
  const found: number[] = [];
  for (let at = 8; at < bytes.length;) {
    found.push(at);
    let size = 0;
    let shift = 0;
    at += 1;
    for (let more = true; more && at < bytes.length && shift < 35; at += 1, shift += 7) {
      const byte = bytes[at] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      more = byte >= 0x80;
    }
    at += size;
    if (at <= bytes.length) continue;
    return found;
  }
  return [...found, bytes.length];
}

/** Somewhere in a run of letters, such as a name, a character that would end a string or a comment of code. */
function nameIntoCode(bytes: Uint8Array, dice: Dice): Uint8Array {
  const letters = [...bytes.keys()].filter((at) => isLetter(bytes[at]) && isLetter(bytes[at + 1]));
  const at = letters[dice.below(letters.length)];
  if (at === undefined) return bytes;
  bytes.set(
    Buffer.from(dice.one(["'", '"', "`", "\n", "\\", "*/", "${", "__proto__", "@1"])).subarray(0, bytes.length - at),
    at,
  );
  return bytes;
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x61 && byte <= 0x7a;
}

/** One in so many mutants is opened as well, though it was made ready when it was inspected. */
const OPENED = 4;

/**
 * Inspects a mutant, and for some opens it: inspecting is said to find out whether it can be.
 *
 * @throws Error for everything that a loader must not do: another error, a component that is inspected and loaded as two
 *   different things, one that takes too long.
 */
export async function loadMutant({ index, how, bytes }: Mutant): Promise<Outcome> {
  const started = performance.now();
  let runnable = false;
  const inspected = await outcome(
    how,
    inspect(bytes).then((found) => {
      runnable = found.runnable;
    }),
  );
  const expected = inspected === "loaded" && !runnable ? "unsupported" : inspected;
  if (index % OPENED !== 0) return expected;
  const loaded = await outcome(how, open(bytes));
  if ((loaded === "loaded") !== runnable) throw new Error(`${how}: ${loaded}, but inspected as ${expected}`);
  const took = performance.now() - started;
  if (took > MOST_MS) throw new Error(`${how}: took ${Math.round(took)} ms`);
  return loaded;
}

async function open(bytes: Uint8Array): Promise<void> {
  const sandbox = await Sandbox.open(bytes, { cache: false, signal: AbortSignal.timeout(MOST_MS) });
  await sandbox.close();
}

async function outcome(how: string, attempt: Promise<unknown>): Promise<Outcome> {
  try {
    await attempt;
    return "loaded";
  } catch (thrown) {
    if (!(thrown instanceof CordonError)) throw new Error(`${how}: ${String(thrown)}`, { cause: thrown });
    const { code, message } = thrown;
    if (!REFUSALS.has(code)) throw new Error(`${how}: ${code}: ${message}`, { cause: thrown });
    // oxlint-disable-next-line no-control-regex -- what is looked for
    if (/[\u0000-\u001f\u007f]/u.test(message))
      throw new Error(`${how}: the message drives a terminal: ${JSON.stringify(message)}`, { cause: thrown });
    return code as Outcome;
  }
}
