import { CordonError } from "../../shared/errors.ts";
import { DEFAULT_LIMITS } from "../../shared/limits/limits.ts";

/** What stands for stdin in the place of a file. */
const STDIN = "-";

/** Whether a component comes by stdin, which is then not the guest's. */
export function isStdin(file: string): boolean {
  return file === STDIN;
}

/** How stdin is read. */
export interface StdinReading {
  /** The most that is read, in bytes; default 256 MiB. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where a component is: the path, or the bytes of stdin for `-`.
 *
 * @throws CordonError `usage` when stdin is a terminal, `limit` when it gives more than `maxBytes`, `host` when it cannot be read, or
 * `cancelled`.
 */
export async function componentSource(file: string, options: StdinReading = {}): Promise<string | Uint8Array> {
  return isStdin(file) ? readStdin("load the component", options) : file;
}

/**
 * Reads all of stdin.
 *
 * @param what What it is read for, for messages.
 * @throws CordonError as {@link componentSource} does.
 */
export async function readStdin(
  what: string,
  { maxBytes = DEFAULT_LIMITS.maxComponentBytes, signal }: StdinReading = {},
): Promise<Uint8Array> {
  const { stdin } = process;
  if (stdin.isTTY) throw new CordonError("usage", `Cannot ${what} from stdin: it is a terminal; pipe a file into it`);
  const stop = (): void => void stdin.destroy(new Error("interrupted"));
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop, { once: true });
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of stdin as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (thrown) {
    if (signal?.aborted === true) {
      throw new CordonError("cancelled", `Cannot ${what} from stdin: it was cancelled`, { cause: signal.reason });
    }
    throw new CordonError("host", `Cannot ${what} from stdin: it cannot be read`, { cause: thrown });
  } finally {
    signal?.removeEventListener("abort", stop);
    stdin.destroy();
  }
  if (length > maxBytes) {
    throw new CordonError("limit", `Cannot ${what} from stdin: it gives more than ${maxBytes} bytes`, {
      limit: { limit: "component-size", cap: maxBytes, used: length },
    });
  }
  return Buffer.concat(chunks, length);
}
