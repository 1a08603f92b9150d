import type { HostContext, HostResult } from "../capability.ts";
import { ok } from "../text.ts";
import { stdioOf } from "../stdio/state.ts";

/** What the first levels are called; others are shown by their number. */
const LEVELS = ["trace", "debug", "info", "warn", "error"];

const WRITTEN: HostResult<undefined> = ok(undefined);

/**
 * Writes a line to the guest's stderr, within `limits.maxStdoutBytes`. Waits while the embedder takes no more, and drops the
 * rest when it is gone.
 */
export function writeLog(context: HostContext, level: number, text: string): HostResult | Promise<HostResult> {
  // No more than what is over the limit is made into bytes.
  const shown = text.slice(0, context.limits.maxStdoutBytes + 1);
  const line = Buffer.from(`${LEVELS[level] ?? level}: ${shown}\n`);
  return writeFrom(context, line, 0);
}

function writeFrom(context: HostContext, line: Uint8Array, start: number): HostResult | Promise<HostResult> {
  const stream = stdioOf(context).stderr.stream();
  let offset = start;
  while (offset < line.length && !context.signal.aborted) {
    const room = stream.checkWrite(context);
    if (room.tag === "err") return WRITTEN;
    if (room.val === 0) {
      return stream.wait(context.signal).then(() => writeFrom(context, line, offset));
    }
    const end = Math.min(line.length, offset + room.val);
    // The stream keeps what it is given.
    stream.write(context, line.slice(offset, end));
    offset = end;
  }
  return WRITTEN;
}
