/** Takes what a guest writes. */
type Writer = (chunk: Uint8Array) => void | Promise<void>;

/** How much is kept, in bytes. */
const KEPT = 4096;

/** What programs of the usual languages say when they cannot find or open a file. */
const LACKS_FILE =
  /no such file|not found|no[- ]entry|not[- ]?capable|capabilit|bad file|pre-?open|no (?:folder|directory)|\bE(?:NOENT|BADF|NOTCAPABLE)\b/i;

/** The end of what a guest wrote, to tell what became of it. */
export class OutputTail {
  #kept = Buffer.alloc(0);

  /** A sink that keeps the end of what goes to another. */
  readonly before =
    (sink: Writer): Writer =>
    (chunk) => {
      this.add(chunk);
      return sink(chunk);
    };

  /** Takes what was written. */
  add(chunk: Uint8Array): void {
    this.#kept = Buffer.concat([this.#kept, chunk.subarray(-KEPT)]).subarray(-KEPT);
  }

  /** Whether it ends with a complaint about a file that is not there or cannot be opened. */
  get lacksFile(): boolean {
    return LACKS_FILE.test(this.#kept.toString("latin1"));
  }
}
