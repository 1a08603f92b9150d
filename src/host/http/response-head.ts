/** More interim responses than this before the real one are a flood, and left to the parser, which refuses them. */
const MAX_INTERIM = 16;

const [BEGIN, END_OF_HEAD] = [Buffer.from("HTTP/1."), Buffer.from("\r\n\r\n")];

/**
 * What a server sends on a connection for one request, up to the end of the response's head, as undici's parser takes it: without
 * `100 Continue`, which nobody asked for and a client has to skip all the same (RFC 9110, section 15.2), and with one
 * `content-length` where the server repeats the same (section 8.6). The parser judges the rest, and whatever is not well-formed.
 */
export class ResponseHeadFilter {
  readonly #maxBytes: number;
  #held: Buffer = Buffer.alloc(0);
  /** What has come since {@link #held} was put together, which is when it holds the end of a head. */
  readonly #since: Buffer[] = [];
  #sinceBytes = 0;
  /** The last bytes of all that has come, where the end of a head may have begun. */
  #tail: Buffer = Buffer.alloc(0);
  #interim = 0;
  #isOver = false;

  /** @param maxBytes How large a head may be; of a larger one nothing is held. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What of all that came is for the parser now; `null` when there is nothing, and more has to come. */
  take(chunk: Buffer): Buffer | null {
    if (this.#isOver) return chunk;
    return this.#isComplete(chunk) ? this.#heads() : null;
  }

  /** What of the heads that are there is for the parser. */
  #heads(): Buffer | null {
    for (;;) {
      const end = this.#held.indexOf(END_OF_HEAD);
      if (end < 0) return this.#held.length > this.#maxBytes || !this.#mayBeHead() ? this.#rest() : null;
      const next = end + END_OF_HEAD.length;
      const head = this.#held.toString("latin1", 0, end);
      if (!/^HTTP\/1\.[01] 100(?: |\r\n|$)/u.test(head) || this.#interim >= MAX_INTERIM) {
        const body = this.#held.subarray(next);
        // Other interim responses are skipped by the parser, and the head is behind them.
        if (/^HTTP\/1\.[01] 1(?!01)[0-9]{2}(?: |\r\n|$)/u.test(head) && this.#interim < MAX_INTERIM) {
          this.#interim += 1;
          this.#held = body;
          const after = body.length === 0 ? null : this.#heads();
          const own = Buffer.from(`${head}\r\n\r\n`, "latin1");
          return after === null ? own : Buffer.concat([own, after]);
        }
        this.#isOver = true;
        this.#held = Buffer.alloc(0);
        return Buffer.concat([Buffer.from(`${withOneLength(head)}\r\n\r\n`, "latin1"), body]);
      }
      this.#interim += 1;
      this.#held = this.#held.subarray(next);
      if (this.#held.length === 0) return null;
    }
  }

  /** Takes what has come. Whether there is something to do with it: a head, more than one may have, or what is none. */
  #isComplete(chunk: Buffer): boolean {
    this.#since.push(chunk);
    this.#sinceBytes += chunk.length;
    const end = Buffer.concat([this.#tail, chunk]);
    this.#tail = end.subarray(-(END_OF_HEAD.length - 1));
    const all = this.#held.length + this.#sinceBytes;
    // Small pieces are put together once, not at each of them.
    const isEarly = all - chunk.length < BEGIN.length;
    if (!isEarly && all <= this.#maxBytes && !end.includes(END_OF_HEAD)) return false;
    this.#held = Buffer.concat([this.#held, ...this.#since.splice(0)]);
    this.#sinceBytes = 0;
    return true;
  }

  /** Nothing else is waited for: what is no HTTP is refused when it comes. */
  #mayBeHead(): boolean {
    const begin = Math.min(this.#held.length, BEGIN.length);
    return this.#held.compare(BEGIN, 0, begin, 0, begin) === 0;
  }

  #rest(): Buffer {
    this.#isOver = true;
    const all = this.#held;
    this.#held = Buffer.alloc(0);
    return all;
  }
}

/** The head with the first `content-length` alone, where all are of the same digits. */
function withOneLength(head: string): string {
  const lines = head.split("\r\n");
  const lengths = lines.flatMap((line) => /^content-length:(.*)$/iu.exec(line)?.[1] ?? []);
  const values = lengths.flatMap((text) => text.split(",")).map((text) => text.replaceAll(/^[ \t]+|[ \t]+$/gu, ""));
  const [first = ""] = values;
  const isRepeated = values.length > 1 && /^[0-9]{1,15}$/u.test(first) && values.every((one) => one === first);
  if (!isRepeated || lines.some((line) => /^[ \t]/u.test(line))) return head;
  const rest = lines.filter((line) => !/^content-length:/iu.test(line));
  return [...rest, `content-length: ${first}`].join("\r\n");
}
