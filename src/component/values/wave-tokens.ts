/**
 * The tokens of WAVE, the WebAssembly Value Encoding
 * (https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave), between which whitespace and `//` comments
 * are insignificant.
 */
export interface WaveToken {
  /** `invalid` is text that is no token; its `value` says why, in words. */
  readonly kind: "punctuation" | "number" | "label" | "char" | "string" | "end" | "invalid";
  /** The text as written. */
  readonly text: string;
  /** Where it starts and where the next may start, in UTF-16 code units of the whole text. */
  readonly start: number;
  readonly end: number;
  /** The text of a char or string, its escapes decoded. */
  readonly value: string;
}

/** Words that are no name unless a `%` stands before them. */
export const WAVE_KEYWORDS: ReadonlySet<string> = new Set(["true", "false", "inf", "nan", "some", "none", "ok", "err"]);

const SPACE = /(?:[ \t\r\n]|\/\/[^\n]*)*/y;
const NUMBER = /-inf|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const LABEL = /%?(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)(?:-(?:[a-z0-9]+|[A-Z0-9]+))*/y;
const ESCAPE = /\\(?:(['"\\tnr])|u\{([0-9a-fA-F]{1,6})\})/y;
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ["t", "\t"],
  ["n", "\n"],
  ["r", "\r"],
]);
const MULTILINE_QUOTE = '"""';

/** Whether a name can be written as a WAVE label. */
export function isWaveLabel(name: string): boolean {
  return match(LABEL, name, 0) === name && !name.startsWith("%");
}

/** The token at or after an offset. */
export function readToken(text: string, offset: number): WaveToken {
  const start = offset + match(SPACE, text, offset).length;
  const first = text[start];
  if (first === undefined) return token("end", text, start, start);
  if ("{}()[]:,".includes(first)) return token("punctuation", text, start, start + 1);
  if (first === "'") return readChar(text, start);
  if (text.startsWith(MULTILINE_QUOTE, start)) return readMultiline(text, start);
  if (first === '"') return readString(text, start);
  const number = match(NUMBER, text, start);
  if (number !== "") return token("number", text, start, start + number.length);
  const label = match(LABEL, text, start);
  if (label !== "") return token("label", text, start, start + label.length);
  return invalid(text, start, "a character that starts nothing");
}

function match(pattern: RegExp, text: string, offset: number): string {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0] ?? "";
}

function token(kind: WaveToken["kind"], text: string, start: number, end: number, value: string = ""): WaveToken {
  return { kind, text: text.slice(start, end), start, end, value };
}

function invalid(text: string, start: number, why: string): WaveToken {
  return token("invalid", text, start, start + 1, why);
}

function readChar(text: string, start: number): WaveToken {
  const open = start + 1;
  const point = text.codePointAt(open);
  if (point === undefined || point === 0x27 || point === 0x0a) return invalid(text, start, "an unfinished char");
  if (point >= 0xd800 && point <= 0xdfff) return invalid(text, start, "a lone surrogate");
  let value = String.fromCodePoint(point);
  let end = open + value.length;
  if (value === "\\") {
    const escape = readEscape(text, open);
    if (escape === undefined) return invalid(text, open, "an invalid escape");
    ({ value, end } = escape);
  }
  if (text[end] !== "'") return invalid(text, start, "a char that is not one character between single quotes");
  return token("char", text, start, end + 1, value);
}

function readString(text: string, start: number): WaveToken {
  const parts: string[] = [];
  let at = start + 1;
  for (;;) {
    const stop = nextOf(text, at, /["\\\n]/g);
    parts.push(text.slice(at, stop));
    if (text[stop] === '"') return finished(text, start, stop + 1, parts.join(""));
    if (text[stop] !== "\\") return invalid(text, start, "an unfinished string");
    const escape = readEscape(text, stop);
    if (escape === undefined) return invalid(text, stop, "an invalid escape");
    parts.push(escape.value);
    at = escape.end;
  }
}

/**
 * A string between triple quotes: the opening ones end their line, the closing ones stand on a line of their own, and
 * the spaces before them are taken off every line.
 */
function readMultiline(text: string, start: number): WaveToken {
  const open = start + MULTILINE_QUOTE.length;
  const close = text.indexOf(MULTILINE_QUOTE, open);
  if (close === -1) return invalid(text, start, "an unfinished string");
  const [first, ...lines] = text.slice(open, close).split("\n");
  const indent = lines.pop();
  if (first !== "" && first !== "\r") return invalid(text, start, "triple quotes that do not end their line");
  if (indent === undefined || /[^ ]/.test(indent)) {
    return invalid(text, close, "closing triple quotes that do not start their line");
  }
  const decoded: string[] = [];
  let at = open + first.length + 1;
  for (const line of lines) {
    if (!line.startsWith(indent)) return invalid(text, at, "a line with less indentation than the closing quotes");
    const content = line.slice(indent.length).replace(/\r$/, "");
    const unescaped = unescapeLine(content);
    if (typeof unescaped !== "string") return invalid(text, at + indent.length + unescaped.bad, "an invalid escape");
    decoded.push(unescaped);
    at += line.length + 1;
  }
  return finished(text, start, close + MULTILINE_QUOTE.length, decoded.join("\n"));
}

function unescapeLine(line: string): string | { readonly bad: number } {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    const stop = nextOf(line, at, /\\/g);
    parts.push(line.slice(at, stop));
    if (stop === line.length) return parts.join("");
    const escape = readEscape(line, stop);
    if (escape === undefined) return { bad: stop };
    parts.push(escape.value);
    at = escape.end;
  }
}

function finished(text: string, start: number, end: number, value: string): WaveToken {
  return value.isWellFormed() ? token("string", text, start, end, value) : invalid(text, start, "a lone surrogate");
}

function nextOf(text: string, offset: number, pattern: RegExp): number {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.index ?? text.length;
}

function readEscape(text: string, offset: number): { readonly value: string; readonly end: number } | undefined {
  ESCAPE.lastIndex = offset;
  const [whole, short, hex] = ESCAPE.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const end = offset + whole.length;
  if (short !== undefined) return { value: ESCAPED.get(short) ?? short, end };
  const point = Number.parseInt(hex ?? "", 16);
  const scalar = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
  return scalar ? { value: String.fromCodePoint(point), end } : undefined;
}
