import { decodeLiteral, decodeText } from "./python-strings.ts";

/**
 * `fstart` and `fend` enclose an f-string (or t-string), `ftext` is its constant text, `fopen` and `fclose` enclose a
 * replacement field. `error` is a character that no Python source has outside strings.
 */
export type TokenKind =
  | "name"
  | "number"
  | "string"
  | "op"
  | "fstart"
  | "ftext"
  | "fopen"
  | "fclose"
  | "fend"
  | "error";

/** One lexical element. */
export interface Token {
  readonly kind: TokenKind;
  /** Names are NFKC-normalised, as Python does; strings hold their value. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
  /** For strings: how many numeric escapes spell a printable ASCII character. For names: 1 if normalised. */
  readonly disguised: number;
}

/** The tokens up to an end of line that no bracket, backslash or string joins to the next. */
export interface LogicalLine {
  readonly tokens: readonly Token[];
  /** Columns before the first token, tabs to the next multiple of eight. */
  readonly indent: number;
}

/** A logical line longer than this is handed out in pieces. */
const MAX_TOKENS_PER_LINE = 200_000;

const OPERATORS_3 = new Set(["**=", "//=", ">>=", "<<=", "..."]);
const OPERATORS_2 = new Set("** // >> << <= >= == != -> += -= *= /= %= &= |= ^= @= := <>".split(" "));

interface Mode {
  /** `text` is an f-string's own text or a format specification, `field` a replacement field. */
  readonly kind: "text" | "field";
  readonly quote: string;
  readonly raw: boolean;
  readonly spec: boolean;
  /** Bracket depth outside the field. */
  readonly depth: number;
}

/** Splits Python source into logical lines. Never throws: what is malformed ends at the end of its line or of the file. */
class PythonTokenizer {
  readonly #source: string;
  #at = 0;
  #line = 1;
  #depth = 0;
  #modes: Mode[] = [];
  #tokens: Token[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  /** The next logical line that has a token, or undefined at the end. */
  next(): LogicalLine | undefined {
    this.#tokens = [];
    let indent = 0;
    while (this.#at < this.#source.length) {
      const mode = this.#modes.at(-1);
      if (mode?.kind === "text") {
        this.#readText(mode);
        continue;
      }
      const unit = this.#source.charCodeAt(this.#at);
      if (unit === 10 || unit === 13) {
        this.#newline();
        if (this.#depth > 0 || this.#modes.length > 0) {
          if (!this.#statementStartsHere()) continue;
          this.#depth = 0;
          this.#modes = [];
        }
        if (this.#tokens.length > 0) break;
        continue;
      }
      if (unit === 32 || unit === 9 || unit === 12 || unit === 0xfeff) {
        this.#at += 1;
        continue;
      }
      if (this.#tokens.length === 0 && this.#startsPhysicalLine()) indent = this.#columns();
      this.#readToken(unit);
      if (this.#tokens.length >= MAX_TOKENS_PER_LINE) break;
    }
    return this.#tokens.length === 0 ? undefined : { tokens: this.#tokens, indent };
  }

  #startsPhysicalLine(): boolean {
    return this.#depth === 0 && this.#modes.length === 0;
  }

  /** The column of the current position. Called once a logical line, on its indentation only. */
  #columns(): number {
    let start = this.#at;
    while (start > 0 && " \t\f".includes(this.#source[start - 1] ?? "")) start--;
    let columns = 0;
    for (let at = start; at < this.#at; at++) columns = this.#source[at] === "\t" ? (columns + 8) & ~7 : columns + 1;
    return columns;
  }

  /** Inside brackets that were never closed, a line that can only be a statement shows that they are broken. */
  #statementStartsHere(): boolean {
    let at = this.#at;
    while (this.#source[at] === " " || this.#source[at] === "\t") at++;
    return ["def ", "class ", "import "].some((word) => this.#source.startsWith(word, at));
  }

  #push(kind: TokenKind, text: string, line: number, disguised = 0): void {
    this.#tokens.push({ kind, text, line, disguised });
  }

  #newline(): void {
    if (this.#source[this.#at] === "\r" && this.#source[this.#at + 1] === "\n") this.#at += 1;
    this.#at += 1;
    this.#line += 1;
  }

  #readToken(unit: number): void {
    const source = this.#source;
    if (unit === 35) {
      while (this.#at < source.length && !isNewline(source.charCodeAt(this.#at))) this.#at += 1;
    } else if (unit === 92) {
      this.#at += 1;
      if (isNewline(source.charCodeAt(this.#at))) this.#newline();
    } else if (isNameUnit(unit) && !isDigit(unit)) {
      this.#readName();
    } else if (isDigit(unit) || (unit === 46 && isDigit(source.charCodeAt(this.#at + 1)))) {
      const start = this.#at;
      while (isNameUnit(source.charCodeAt(this.#at)) || source[this.#at] === ".") this.#at += 1;
      this.#push("number", source.slice(start, this.#at), this.#line);
    } else if (unit === 34 || unit === 39) {
      this.#readString("");
    } else {
      this.#readOperator();
    }
  }

  #readName(): void {
    const start = this.#at;
    while (isNameUnit(this.#source.charCodeAt(this.#at))) this.#at += 1;
    const text = this.#source.slice(start, this.#at);
    const next = this.#source[this.#at];
    if ((next === '"' || next === "'") && text.length <= 2 && /^(?:[bruft]|br|rb|fr|rf|tr|rt)$/i.test(text)) {
      this.#readString(text.toLowerCase());
      return;
    }
    const normal = isAscii(text) ? text : text.normalize("NFKC");
    this.#push("name", normal, this.#line, normal !== text && isAscii(normal) ? 1 : 0);
  }

  #readString(prefix: string): void {
    const source = this.#source;
    const one = source[this.#at] ?? "";
    const quote = source.startsWith(one.repeat(3), this.#at) ? one.repeat(3) : one;
    const line = this.#line;
    this.#at += quote.length;
    const raw = prefix.includes("r");
    if (prefix.includes("f") || prefix.includes("t")) {
      this.#push("fstart", "", line);
      this.#modes.push({ kind: "text", quote, raw, spec: false, depth: this.#depth });
      return;
    }
    const start = this.#at;
    let end = source.length;
    while (this.#at < source.length) {
      const unit = source.charCodeAt(this.#at);
      if (unit === 92) {
        this.#at += 1;
        if (isNewline(source.charCodeAt(this.#at))) this.#newline();
        else this.#at += 1;
      } else if (isNewline(unit)) {
        if (quote.length === 1) {
          end = this.#at;
          break;
        }
        this.#newline();
      } else if (source.startsWith(quote, this.#at)) {
        end = this.#at;
        this.#at += quote.length;
        break;
      } else {
        this.#at += 1;
      }
    }
    const literal = decodeLiteral(source.slice(start, Math.min(end, source.length)), raw);
    this.#push("string", literal.text, line, literal.disguised);
  }

  /** Constant text of an f-string, or a format specification, up to a field or the end. */
  #readText(mode: Mode): void {
    const source = this.#source;
    const start = this.#at;
    const line = this.#line;
    while (this.#at < source.length) {
      const unit = source.charCodeAt(this.#at);
      if (unit === 92 && !mode.raw && source.startsWith("\\N{", this.#at)) {
        const close = source.indexOf("}", this.#at);
        this.#at = close === -1 || close > this.#at + 100 ? this.#at + 3 : close + 1;
      } else if (unit === 92) {
        this.#at += 1;
        if (isNewline(source.charCodeAt(this.#at))) this.#newline();
        else if (source[this.#at] !== "{" && source[this.#at] !== "}") this.#at += 1;
      } else if (isNewline(unit)) {
        if (mode.quote.length === 1) return this.#endText(mode, start, line, 0);
        this.#newline();
      } else if (source.startsWith(mode.quote, this.#at)) {
        return this.#endText(mode, start, line, mode.quote.length);
      } else if (unit === 123 && source[this.#at + 1] === "{" && !mode.spec) {
        this.#at += 2;
      } else if (unit === 123) {
        this.#push("ftext", decodeText(source.slice(start, this.#at), mode.raw), line);
        this.#push("fopen", "{", this.#line);
        this.#at += 1;
        this.#modes.push({ kind: "field", quote: mode.quote, raw: mode.raw, spec: false, depth: this.#depth });
        return;
      } else if (unit === 125 && mode.spec) {
        this.#modes.pop();
        return this.#closeField();
      } else {
        this.#at += 1;
      }
    }
    this.#endText(mode, start, line, 0);
  }

  #endText(mode: Mode, start: number, line: number, quoteLength: number): void {
    this.#push("ftext", decodeText(this.#source.slice(start, this.#at), mode.raw), line);
    this.#at += quoteLength;
    if (mode.spec) {
      this.#modes.pop();
      this.#modes.pop();
      this.#push("fclose", "}", this.#line);
    }
    this.#modes.pop();
    this.#push("fend", "", this.#line);
  }

  #closeField(): void {
    this.#at += 1;
    this.#modes.pop();
    this.#push("fclose", "}", this.#line);
  }

  #readOperator(): void {
    const source = this.#source;
    const first = source[this.#at] ?? "";
    const field = this.#modes.at(-1);
    if (field !== undefined && this.#depth === field.depth) {
      if (first === "}") return this.#closeField();
      if (first === ":") {
        this.#at += 1;
        this.#modes.push({ ...field, kind: "text", spec: true });
        return;
      }
      if (first === "!" && source[this.#at + 1] !== "=") {
        this.#at += 2;
        return;
      }
    }
    const text = ",()[]{};~".includes(first) ? first : longestOperator(source, this.#at, first);
    if ("([{".includes(text)) this.#depth += 1;
    else if (")]}".includes(text)) this.#depth = Math.max(field?.depth ?? 0, this.#depth - 1);
    this.#at += text.length;
    this.#push("$?`!".includes(text) ? "error" : "op", text, this.#line);
  }
}

/** The logical lines of a source, one at a time. */
export function* logicalLines(source: string): Generator<LogicalLine> {
  const tokenizer = new PythonTokenizer(source);
  for (let line = tokenizer.next(); line !== undefined; line = tokenizer.next()) yield line;
}

function longestOperator(source: string, at: number, first: string): string {
  const two = source.slice(at, at + 2);
  if (!OPERATORS_2.has(two) && two !== "..") return first;
  const three = source.slice(at, at + 3);
  return OPERATORS_3.has(three) ? three : two === ".." ? first : two;
}

function isNewline(unit: number): boolean {
  return unit === 10 || unit === 13;
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}

/** A code unit that can be part of a name; every non-ASCII letter is taken for one. */
function isNameUnit(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 65 && unit <= 90) ||
    unit === 95 ||
    isDigit(unit) ||
    (unit > 0xa0 && unit !== 0xfeff && !(unit >= 0x2000 && unit <= 0x206f) && unit !== 0x3000)
  );
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}
