import { ByteReader, MalformedError } from "../../shared/byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

/** The custom section of the branch hinting proposal. It has to come before the code. */
export const BRANCH_HINTS = "metadata.code.branch_hint";

/** That a branch is likely (1) or not (0). */
export interface BranchHint {
  /** Where the instruction is, counted from the first byte of the body's locals. */
  readonly offset: number;
  readonly value: number;
}

/** The hints of functions, by index. */
export type BranchHints = ReadonlyMap<number, readonly BranchHint[]>;

/**
 * Reads the content of the section, after its name. It is advice: where it is malformed, engines go without, and so does
 * this.
 */
export function readBranchHints(content: Uint8Array): BranchHints {
  const hints = new Map<number, BranchHint[]>();
  try {
    const reader = new ByteReader(content);
    let lastFunction = -1;
    for (let left = reader.count(); left > 0; left -= 1) {
      const index = reader.u32();
      if (index <= lastFunction) reader.fail("functions are out of order");
      lastFunction = index;
      const found: BranchHint[] = [];
      for (let entries = reader.count(); entries > 0; entries -= 1) {
        const offset = reader.u32();
        if (offset <= (found.at(-1)?.offset ?? -1)) reader.fail("hints are out of order");
        if (reader.u32() !== 1) reader.fail("a hint has one byte");
        const value = reader.u8();
        if (value > 1) reader.fail("an unknown hint");
        found.push({ offset, value });
      }
      hints.set(index, found);
    }
    if (reader.remaining > 0) reader.fail("bytes after the last function");
    return hints;
  } catch (thrown) {
    if (thrown instanceof MalformedError) return new Map();
    throw thrown;
  }
}

/** The hints of one function, in order, as the section has them. */
export class HintList {
  readonly #entries: ByteWriter = new ByteWriter(1024);
  #count = 0;

  /** How many hints there are. */
  get count(): number {
    return this.#count;
  }

  /** Forgets all and keeps the room. */
  clear(): void {
    this.#count = 0;
    this.#entries.clear();
  }

  push(offset: number, value: number): void {
    this.#count += 1;
    this.#entries.u32(offset);
    this.#entries.u8(1);
    this.#entries.u8(value);
  }

  /** Their encoding, as a view that is good until something more is pushed. */
  view(): Uint8Array {
    return this.#entries.view();
  }
}

/** Collects hints of functions in the order of their indices, and writes the section. */
export class BranchHintWriter {
  readonly #entries: ByteWriter = new ByteWriter(1024);
  #functions = 0;

  add(index: number, hints: HintList): void {
    if (hints.count === 0) return;
    this.#functions += 1;
    this.#entries.u32(index);
    this.#entries.u32(hints.count);
    this.#entries.copy(hints.view());
  }

  /** The content of the custom section, its name included; undefined when there are no hints. */
  content(): Uint8Array | undefined {
    if (this.#functions === 0) return undefined;
    const out = new ByteWriter(this.#entries.length + 64);
    out.name(BRANCH_HINTS);
    out.u32(this.#functions);
    out.copy(this.#entries.view());
    return out.view();
  }
}
