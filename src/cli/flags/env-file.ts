import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { parseEnv } from "node:util";
import { CordonError } from "../../shared/errors.ts";

const MAX_BYTES = 1024 * 1024;

/**
 * The variables of a file that `--env-file` names. Node looks for that flag among the arguments of every program, and has applied
 * `NODE_OPTIONS` of the file to this process before any of its code ran (https://github.com/nodejs/node/issues/54232). Nothing
 * here can prevent that; a file that asks for it is refused, so that nobody comes to rely on it.
 *
 * @throws CordonError `usage` as {@link readEnvFile}, and when the file sets `NODE_OPTIONS`.
 */
export function readNodeEnvFile(file: string): readonly (readonly [name: string, value: string])[] {
  const variables = readEnvFile(file, "--env-file");
  if (variables.every(([name]) => name.toUpperCase() !== "NODE_OPTIONS")) return variables;
  const why = "it sets NODE_OPTIONS, which Node applies to Cordon itself";
  throw new CordonError(
    "usage",
    `Cannot use --env-file ${JSON.stringify(file)}: ${why}; use --env-from, which only guests see`,
  );
}

/**
 * The variables of a file of `NAME=VALUE` lines, with comments and quotes as Node's `--env-file` reads them. At most 1 MiB.
 *
 * @param flag the flag that named it, for messages
 * @throws CordonError `usage` when it cannot be read, is larger, or is not UTF-8.
 */
export function readEnvFile(file: string, flag: string): readonly (readonly [name: string, value: string])[] {
  const bytes = readBounded(file, flag);
  if (!isUtf8(bytes)) throw failure(file, flag, "it is not UTF-8 text");
  // The decoder takes a byte order mark for no part of the text.
  const text = new TextDecoder().decode(bytes);
  const odd = firstWithoutName(text);
  if (odd !== undefined) throw failure(file, flag, `line ${odd} is no NAME=VALUE`);
  return Object.entries(parseEnv(text)).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
}

/**
 * The number of the first line that Node's parser would drop without a word: it is neither blank, a comment, an assignment, nor within
 * the quotes of a value.
 */
function firstWithoutName(text: string): number | undefined {
  let quote: string | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (quote !== undefined) {
      if (line.includes(quote)) quote = undefined;
      continue;
    }
    if (/^\s*(?:#.*)?$/u.test(line)) continue;
    const [, opened, rest] = /^\s*(?:export\s+)?[^=\s#][^=]*=\s*(?:(["'`])(.*))?/u.exec(line) ?? [];
    if (!/^\s*[^=\s][^=]*=/u.test(line)) return index + 1;
    // A quote that is never closed is a character like any other.
    if (
      opened !== undefined &&
      !(rest ?? "").includes(opened) &&
      text
        .split("\n")
        .slice(index + 1)
        .some((one) => one.includes(opened))
    )
      quote = opened;
  }
  return undefined;
}

/** Read piece by piece: a pipe, as `<(command)` gives one, has no size to ask for. */
function readBounded(file: string, flag: string): Buffer {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  try {
    const descriptor = openSync(file, "r");
    try {
      for (;;) {
        const read = readSync(descriptor, buffer, length, buffer.length - length, null);
        length += read;
        if (read === 0 || length > MAX_BYTES) break;
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw failure(
      file,
      flag,
      code === "ENOENT" ? "there is no such file" : `it cannot be read (${String(code)})`,
      error,
    );
  }
  if (length > MAX_BYTES) throw failure(file, flag, "it is larger than 1 MiB");
  return buffer.subarray(0, length);
}

function failure(file: string, flag: string, why: string, cause?: unknown): CordonError {
  const message = `Cannot use ${flag} ${JSON.stringify(file)}: ${why}; name a file of NAME=VALUE lines`;
  return new CordonError("usage", message, { cause });
}
