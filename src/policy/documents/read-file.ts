import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";

/** The largest document, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** What may be written by others than root and this user. */
const WRITABLE_BY_OTHERS = 0o022;
const [WRITABLE_BY_ALL, STICKY] = [0o002, 0o1000];

/**
 * Reads a document of the policy. What others than root and this user may write, or put another in the place of, is refused: whoever can
 * write it grants what they like.
 *
 * @throws CordonError `policy` when it is such a file, no regular one, too large or no UTF-8; `usage` when it cannot be read.
 */
export function readPolicyFile(path: string): string {
  let fd: number;
  try {
    // Non-blocking, so that a FIFO is refused instead of waited for.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : messageOf(thrown);
    const why = code === "ENOENT" || code === "ENOTDIR" ? "there is no such file; check the path" : code;
    throw new CordonError("usage", `Cannot read the policy ${quoteText(path)}: ${why}`, { cause: thrown });
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw refused(path, "it is not a regular file; name one");
    const problem = writersProblem(stats) ?? folderProblem(path);
    if (problem !== undefined) throw refused(path, problem);
    const bytes = readBounded(fd);
    if (bytes === undefined) throw refused(path, "it is larger than 1 MiB");
    if (!isUtf8(bytes)) throw refused(path, "it is not UTF-8 text");
    return bytes.toString("utf8");
  } finally {
    closeSync(fd);
  }
}

function refused(path: string, why: string): CordonError {
  return new CordonError("policy", `Cannot use the policy ${quoteText(path)}: ${why}`);
}

function writersProblem({ uid, mode }: Stats): string | undefined {
  if (process.getuid === undefined) return undefined;
  if (uid !== 0 && uid !== process.getuid()) return "it belongs to another user; copy it to a file of your own";
  if ((mode & WRITABLE_BY_OTHERS) === 0) return undefined;
  return "others than its owner may write it; take that away with chmod go-w";
}

/** Where others may remove names, they may put another file in its place: in its own folder, and in that of a link to it. */
function folderProblem(path: string): string | undefined {
  if (process.getuid === undefined) return undefined;
  const folders = new Set([dirname(resolve(path)), dirname(realpathSync(path))]);
  const open = [...folders]
    .map((folder) => ({ folder, who: whoMayReplace(folder) }))
    .find(({ who }) => who !== undefined);
  if (open?.who === undefined) return undefined;
  return `${open.who.name} may replace it in ${quoteText(open.folder)}; take that away with chmod ${open.who.mode}`;
}

/** Who besides its owner may remove names of a folder; `undefined` for nobody. */
export function whoMayReplace(folder: string): { readonly name: string; readonly mode: string } | undefined {
  if (process.getuid === undefined) return undefined;
  const { mode } = statSync(folder);
  if ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0) return undefined;
  return (mode & WRITABLE_BY_ALL) === 0 ? { name: "a group", mode: "g-w" } : { name: "anyone", mode: "o-w" };
}

function readBounded(fd: number): Buffer | undefined {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let used = 0;
  while (used < buffer.length) {
    const count = readSync(fd, buffer, used, buffer.length - used, null);
    if (count === 0) return buffer.subarray(0, used);
    used += count;
  }
  return undefined;
}
