import { messageOf } from "../../shared/errors.ts";

/** How many of them one thread tells of: a fault that comes again and again is known by then. */
const MAX_TOLD = 8;

/** How much is told of one, in UTF-16 code units. */
const MAX_LENGTH = 500;

/**
 * Promises that were rejected and that nobody waits for. Each is a fault of the host's, and whose guest it was for is not known: so it ends
 * none of those that the thread has, but it is told.
 */
export class Rejections {
  readonly #tell: (reason: string) => void;
  #told = 0;

  constructor(tell: (reason: string) => void) {
    this.#tell = tell;
  }

  add(reason: unknown): void {
    if (this.#told >= MAX_TOLD) return;
    this.#told += 1;
    this.#tell(textOf(reason).slice(0, MAX_LENGTH));
  }
}

/** Whatever was thrown may be an object of anybody's making. */
function textOf(reason: unknown): string {
  try {
    return messageOf(reason);
  } catch {
    return "for a reason that cannot be told";
  }
}
