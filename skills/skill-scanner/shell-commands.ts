/** One simple command. */
export interface Command {
  /** Quotes removed; of a substitution the first word is left: `$(curl)`. */
  readonly words: readonly string[];
  readonly line: number;
  /** True when its input is the output of the command before it. */
  readonly piped: boolean;
}

/** The body of a here-document. */
export interface HereDocument {
  readonly text: string;
  readonly line: number;
  /** The command it is the input of. */
  readonly command: string;
}

/** What a shell script consists of. */
export interface Script {
  readonly commands: readonly Command[];
  readonly documents: readonly HereDocument[];
}

const MAX_DEPTH = 64;

interface Frame {
  words: string[];
  readonly closer: string;
  /** The word that the substitution is part of. */
  readonly word: string | undefined;
  piped: boolean;
  /** True between double quotes. */
  quoted: boolean;
  /** Where the command at hand starts. */
  line: number;
  /** The first word of the first command. */
  first: string;
}

/** Splits a POSIX-like script into commands, those inside `$(...)`, backquotes and `<(...)` too. Never throws. */
export function parseShell(code: string): Script {
  return new ShellParser(code).parse();
}

class ShellParser {
  readonly #code: string;
  readonly #commands: Command[] = [];
  readonly #documents: HereDocument[] = [];
  #at = 0;
  #line = 1;
  #word: string | undefined;
  #frames: Frame[] = [newFrame("", undefined)];
  #pending: { end: string; command: string }[] = [];

  constructor(code: string) {
    this.#code = code;
  }

  parse(): Script {
    while (this.#at < this.#code.length) this.#step(this.#code[this.#at] ?? "");
    while (this.#frames.length > 1) this.#closeFrame();
    this.#endCommand(false);
    return { commands: this.#commands, documents: this.#documents };
  }

  get #frame(): Frame {
    return this.#frames.at(-1) ?? newFrame("", undefined);
  }

  #step(char: string): void {
    const code = this.#code;
    const frame = this.#frame;
    if (frame.quoted) return this.#inDoubleQuotes(char);
    if (char === frame.closer) return this.#closeFrame();
    if (char === "\n") {
      this.#at += 1;
      this.#endCommand(false);
      this.#line += 1;
      if (this.#pending.length > 0) this.#readDocuments();
    } else if (char === "\\") {
      if (code[this.#at + 1] === "\n") this.#line += 1;
      else this.#add(code[this.#at + 1] ?? "");
      this.#at += 2;
    } else if (char === "'") {
      this.#singleQuotes();
    } else if (char === '"') {
      this.#at += 1;
      this.#word ??= "";
      frame.quoted = true;
    } else if (char === "#" && this.#word === undefined) {
      while (this.#at < code.length && code[this.#at] !== "\n") this.#at += 1;
    } else if (this.#opensSubstitution(char)) {
      return;
    } else if (code.startsWith("<<", this.#at) && code[this.#at + 2] !== "<") {
      this.#hereDocument();
    } else if (
      char === "|" ||
      char === ";" ||
      char === "&" ||
      char === "(" ||
      char === ")" ||
      char === "{" ||
      char === "}"
    ) {
      this.#separator(char);
    } else if (char === " " || char === "\t" || char === "\r") {
      this.#at += 1;
      this.#endWord();
    } else if (char === ">" || char === "<") {
      this.#endWord();
      this.#at += 1;
      this.#add(char);
    } else {
      this.#add(char);
      this.#at += 1;
    }
  }

  #inDoubleQuotes(char: string): void {
    if (char === '"') {
      this.#frame.quoted = false;
      this.#at += 1;
    } else if (char === "\\") {
      if (this.#code[this.#at + 1] === "\n") this.#line += 1;
      this.#add(this.#code[this.#at + 1] ?? "");
      this.#at += 2;
    } else if (!this.#opensSubstitution(char)) {
      if (char === "\n") this.#line += 1;
      this.#add(char);
      this.#at += 1;
    }
  }

  #singleQuotes(): void {
    const end = this.#code.indexOf("'", this.#at + 1);
    const text = this.#code.slice(this.#at + 1, end === -1 ? this.#code.length : end);
    this.#add(text);
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) this.#line += 1;
    this.#at = end === -1 ? this.#code.length : end + 1;
  }

  #opensSubstitution(char: string): boolean {
    const two = this.#code.slice(this.#at, this.#at + 2);
    const inQuotes = this.#frame.quoted;
    const paren = two === "$(" || (!inQuotes && (two === "<(" || two === ">("));
    if ((!paren && char !== "`") || this.#frames.length >= MAX_DEPTH) return false;
    this.#at += paren ? 2 : 1;
    this.#frames.push(newFrame(paren ? ")" : "`", `${this.#word ?? ""}$(`));
    this.#word = undefined;
    return true;
  }

  #closeFrame(): void {
    this.#endCommand(false);
    const closed = this.#frames.pop();
    this.#word = `${closed?.word ?? ""}${closed?.first ?? ""})`;
    this.#at += 1;
  }

  #separator(char: string): void {
    const double = this.#code[this.#at + 1] === char;
    this.#at += double && char !== "(" && char !== ")" ? 2 : 1;
    if (char === "&" && this.#word?.endsWith(">") === true) return this.#add("&");
    if ((char === "{" || char === "}") && this.#word !== undefined) return this.#add(char);
    this.#endCommand(char === "|" && !double);
  }

  #hereDocument(): void {
    this.#endWord();
    this.#at += this.#code[this.#at + 2] === "-" ? 3 : 2;
    const match = /^[ \t]*['"\\]?([\w.-]{1,64})/.exec(this.#code.slice(this.#at, this.#at + 80));
    if (match === null) return;
    this.#at += match[0].length;
    if (this.#code[this.#at] === "'" || this.#code[this.#at] === '"') this.#at += 1;
    this.#pending.push({ end: match[1] ?? "", command: this.#frame.words[0] ?? "" });
  }

  #readDocuments(): void {
    for (const { end, command } of this.#pending) {
      const start = this.#at;
      const line = this.#line;
      let stop = start;
      while (this.#at < this.#code.length) {
        const newline = this.#code.indexOf("\n", this.#at);
        const text = this.#code.slice(this.#at, newline === -1 ? this.#code.length : newline);
        stop = this.#at;
        this.#at = newline === -1 ? this.#code.length : newline + 1;
        this.#line += 1;
        if (text.trim() === end) break;
        stop = this.#at;
      }
      this.#documents.push({ text: this.#code.slice(start, stop), line, command });
    }
    this.#pending = [];
  }

  #add(text: string): void {
    this.#word = (this.#word ?? "") + text;
  }

  #endWord(): void {
    const frame = this.#frame;
    if (this.#word !== undefined && this.#word !== "") {
      if (frame.words.length === 0) frame.line = this.#line;
      if (frame.first === "") frame.first = this.#word;
      frame.words.push(this.#word);
    }
    this.#word = undefined;
  }

  #endCommand(pipes: boolean): void {
    this.#endWord();
    const frame = this.#frame;
    if (frame.words.length > 0) {
      this.#commands.push({ words: frame.words, line: frame.line, piped: frame.piped });
      frame.words = [];
      frame.piped = pipes;
    } else if (!pipes) {
      frame.piped = false;
    }
  }
}

function newFrame(closer: string, word: string | undefined): Frame {
  return { words: [], closer, word, piped: false, quoted: false, line: 1, first: "" };
}
