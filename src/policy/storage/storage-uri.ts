/** One segment of a pattern of paths. */
export type PatternSegment =
  /** Exactly this name. */
  | { readonly kind: "literal"; readonly text: string }
  /** A name that begins and ends like this, with anything between. */
  | { readonly kind: "star"; readonly prefix: string; readonly suffix: string }
  /** Any number of names, none too. */
  | { readonly kind: "any" };

/** What a storage URI says. */
export interface StorageUri {
  /** Whether it begins at the root of the file system, and not at the folder of its document. */
  readonly absolute: boolean;
  /** The literal names that it begins with, up to the first wildcard. */
  readonly base: readonly string[];
  /** What follows: empty where there is no wildcard, and then it covers a file, or a folder with all below. */
  readonly rest: readonly PatternSegment[];
}

/** A URI, or what is wrong with what was written; one line. */
export type StorageUriParse =
  | { readonly ok: true; readonly uri: StorageUri }
  | { readonly ok: false; readonly problem: string };

/** Bounds what one pattern can cost: it is compared once for each `**` in it. */
const [MAX_LENGTH, MAX_SEGMENTS, MAX_ANY] = [4_096, 256, 8];

/**
 * Reads a storage URI: `fs:///a/b` from the root, `fs://a/b` from the folder of its document. `*` stands for any characters of one name, at
 * most once in each; `**` is a whole segment and stands for any number of names. No other character is special; percent-encoding is
 * decoded once, so `%2A` is a name's own asterisk.
 */
export function parseStorageUri(written: string): StorageUriParse {
  const path = /^fs:\/\/(.*)$/su.exec(written)?.[1];
  if (path === undefined) return wrong(schemeProblem(written));
  if (path === "") return wrong("it has no path; write fs:///FOLDER/**, or fs://FOLDER/** for one beside the document");
  if (written.length > MAX_LENGTH) return wrong(`it is longer than ${MAX_LENGTH} characters`);
  const absolute = path.startsWith("/");
  const inner = path.slice(absolute ? 1 : 0).replace(/\/$/u, "");
  const names = inner === "" ? [] : inner.split("/");
  if (names.length > MAX_SEGMENTS) return wrong(`it has more than ${MAX_SEGMENTS} segments`);
  const segments: PatternSegment[] = [];
  for (const name of names) {
    const segment = parseSegment(name);
    if ("problem" in segment) return wrong(segment.problem);
    // Twice any number is any number.
    if (segment.kind === "any" && segments.at(-1)?.kind === "any") continue;
    segments.push(segment);
  }
  if (segments.filter(({ kind }) => kind === "any").length > MAX_ANY)
    return wrong(`it has ** more than ${MAX_ANY} times`);
  const end = segments.findIndex(({ kind }) => kind !== "literal");
  const literal = end < 0 ? segments : segments.slice(0, end);
  const base = literal.map((one) => (one.kind === "literal" ? one.text : ""));
  return { ok: true, uri: { absolute, base, rest: end < 0 ? [] : segments.slice(end) } };
}

function parseSegment(name: string): PatternSegment | { readonly problem: string } {
  if (name === "") return { problem: "it has two slashes in a row; write one" };
  if (name === "**") return { kind: "any" };
  const parts = name.split("*");
  if (name.includes("**")) return { problem: "** is a whole segment; write /**/ between slashes" };
  if (parts.length > 2) return { problem: "a segment has more than one *; write one at most" };
  const decoded: string[] = [];
  for (const part of parts) {
    const text = decode(part);
    if (text === undefined) {
      return { problem: "it has a percent sign that begins no encoded UTF-8; write %25 for the sign itself" };
    }
    if (text.includes("/"))
      return { problem: "%2F stands for a slash, which is in no name; write the path with slashes" };
    if (text.includes("\0")) return { problem: "it has a NUL character, which is in no path" };
    decoded.push(text);
  }
  const [prefix = "", suffix] = decoded;
  if (suffix !== undefined) return { kind: "star", prefix, suffix };
  if (prefix === "." || prefix === "..") return { problem: `it has a segment ${prefix}; write the path without` };
  if (process.platform === "win32" && prefix.includes("\\")) return { problem: "it has a backslash; write slashes" };
  return { kind: "literal", text: prefix };
}

function decode(part: string): string | undefined {
  if (!part.isWellFormed()) return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function schemeProblem(written: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(written)?.[1];
  if (scheme?.toLowerCase() === "fs") return "after fs: come two slashes; write fs:///PATH";
  if (scheme !== undefined) return `its scheme is ${scheme}; write fs:///PATH`;
  return written.startsWith("/") ? "it has no scheme; write fs:// before it" : "it is no fs:// URI; write fs:///PATH";
}

function wrong(problem: string): StorageUriParse {
  return { ok: false, problem };
}
