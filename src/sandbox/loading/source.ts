import { constants } from "node:fs";
import { nodeFiles } from "../../shared/node-modules.ts";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { types } from "node:util";
import { sniff } from "../../component/binary/sniff.ts";
import { abortable } from "../../shared/abortable.ts";
import { CordonError } from "../../shared/errors.ts";
import { DEFAULT_LIMITS } from "../../shared/limits/limits.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { bytesOf, isBytes } from "../calls/stdio-options.ts";
import { isStreamSource, readStream } from "./read-stream.ts";
import { tooLarge } from "./too-large.ts";

const GIVE = "give its path, a file: URL, its bytes, or a Response or ReadableStream of them";

/** Up to so many bytes are copied at once, in some 20 ms; then the event loop goes round. */
const BYTES_A_TURN = 16 * 1024 * 1024;

/**
 * Where a component comes from: a path, a `file:` URL, its bytes, or what they are read from, of which no more than the bound on a
 * component's size is held. Bytes may be used for other things at once, unless there are more than 16 MiB of them: then they must not
 * change until it is loaded.
 */
export type ComponentSource = string | URL | ArrayBuffer | ArrayBufferView | Response | ReadableStream<Uint8Array>;

/** A component's bytes and the name it goes by. */
export interface ReadComponent {
  readonly bytes: Uint8Array;
  /** The file's name without its extension; `component` for bytes. */
  readonly name: string;
}

/** Reads a component when its load may begin. The bytes are nobody else's. */
export type Reading = (signal: AbortSignal) => Promise<ReadComponent>;

/**
 * Begins to read a component, or a core module, and makes sure it looks like one. Of bytes a copy is made at once: the artifact is kept
 * under the digest of these, and the caller may go on to use the buffer.
 *
 * @param maxBytes The largest that is read; default 256 MiB.
 * @returns What rejects with a CordonError: `usage` when it cannot be read, `invalid-component` when it is no component, `limit` when it
 * is larger than `maxBytes`; or with the signal's reason, once it is aborted.
 */
export function beginReading(source: ComponentSource, maxBytes: number = DEFAULT_LIMITS.maxComponentBytes): Reading {
  if (!isReadable(source)) throw new CordonError("usage", `Cannot load a component: ${GIVE}`);
  if (typeof source === "object" && isBytes(source)) {
    const copy = copied(bytesOf(source), maxBytes);
    copy.catch(() => undefined);
    return async (signal) => ({ bytes: await abortable(copy, signal), name: "component" });
  }
  if (typeof source === "object" && isStreamSource(source)) {
    return async (signal) => {
      const bytes = await readStream(source, maxBytes, signal);
      return { bytes: checked(bytes, "the given bytes", maxBytes), name: "component" };
    };
  }
  return async (signal) => {
    const path = pathOf(source);
    return { bytes: checked(await readBounded(path, maxBytes, signal), quoteText(path), maxBytes), name: nameOf(path) };
  };
}

async function copied(source: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const copy = new Uint8Array(checked(source, "the given bytes", maxBytes).length);
  for (let at = 0; at < source.length; at += BYTES_A_TURN) {
    if (at > 0) await setImmediate();
    copy.set(source.subarray(at, at + BYTES_A_TURN), at);
  }
  return copy;
}

function pathOf(source: string | URL): string {
  if (typeof source === "string") return source;
  if (source.protocol !== "file:") {
    throw new CordonError("usage", `Cannot load ${source.href}: only files can be loaded; name a path or a file: URL`);
  }
  try {
    return fileURLToPath(source);
  } catch (thrown) {
    throw new CordonError("usage", `Cannot load ${source.href}: it names no file of this machine`, { cause: thrown });
  }
}

/** Whether it is any of them, and can be looked at: an object may have accessors of its own, which throw. */
function isReadable(source: unknown): boolean {
  try {
    if (!isSource(source)) return false;
    if (typeof source === "object" && isBytes(source)) bytesOf(source);
    return true;
  } catch {
    return false;
  }
}

/** A proxy may look like one, and is none. */
function isSource(source: unknown): source is ComponentSource {
  if (typeof source === "string") return true;
  if (typeof source !== "object" || source === null || types.isProxy(source)) return false;
  // What only has the prototype of a URL throws.
  return (source instanceof URL && typeof source.href === "string") || isBytes(source) || isStreamSource(source);
}

function nameOf(path: string): string {
  return basename(path).replace(/\.(?:component\.)?(?:wasm|wat)$/i, "") || "component";
}

async function readBounded(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const quoted = quoteText(path);
  try {
    // Non-blocking, so that a FIFO cannot hold us up before it is refused.
    const file = await nodeFiles().open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await file.stat();
      if (found.isDirectory()) {
        throw new CordonError("usage", `Cannot load ${quoted}: it is a directory; name a component file (.wasm)`);
      }
      if (!found.isFile()) throw new CordonError("usage", `Cannot load ${quoted}: it is not a regular file`);
      if (found.size > maxBytes) throw tooLarge(quoted, found.size, maxBytes);
      const bytes = await file.readFile({ signal });
      if (bytes.length > maxBytes) throw tooLarge(quoted, bytes.length, maxBytes);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof CordonError) throw thrown;
    throw unreadable(quoted, thrown);
  }
}

function unreadable(quoted: string, thrown: unknown): CordonError {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? String(thrown.code) : "";
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file; check the path",
    ENOTDIR: "a part of the path is not a directory; check the path",
    EACCES: "permission denied; make the file readable",
    EISDIR: "it is a directory; name a component file (.wasm)",
    ENAMETOOLONG: "the path is too long",
    ELOOP: "its symbolic links form a loop",
    ERR_INVALID_ARG_VALUE: "the path holds a NUL character",
  };
  const reason = reasons[code];
  if (reason !== undefined) return new CordonError("usage", `Cannot load ${quoted}: ${reason}`, { cause: thrown });
  return new CordonError("usage", `Cannot load ${quoted}: reading it failed (${code || "unknown error"})`, {
    cause: thrown,
  });
}

function checked(bytes: Uint8Array, what: string, maxBytes: number): Uint8Array {
  if (bytes.length > maxBytes) throw tooLarge(what, bytes.length, maxBytes);
  const problem = PROBLEMS[sniff(bytes)];
  if (problem !== undefined) throw new CordonError("invalid-component", `Cannot load ${what}: ${problem}`);
  return bytes;
}

const PROBLEMS: Readonly<Record<ReturnType<typeof sniff>, string | undefined>> = {
  component: undefined,
  // What can be made of it is told when it is read.
  "core-module": undefined,
  text: "it is text, not a WebAssembly component; compile it first",
  empty: "the file is empty",
  unknown: "it does not start with the preamble of a WebAssembly component",
};

/** The name that a component goes by where it is given none. */
export function sourceName(source: ComponentSource): string {
  return typeof source === "string" || source instanceof URL ? nameOf(pathOf(source)) : "component";
}
