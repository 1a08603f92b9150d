/** `template` is a template literal's constant part; `hole` stands for each `${...}` in it. */
export type JsTokenKind = "name" | "string" | "template" | "number" | "punct";

/** One lexical element of JavaScript or TypeScript; comments and regular expressions are left out. */
export interface JsToken {
  readonly kind: JsTokenKind;
  /** Strings and templates hold their value, `\u0000` for each unknown part. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
}

/** A slash whose partner is further away is taken for a division: a bound on looking ahead. */
const MAX_REGEX = 300;

/** How many characters are looked at in vain before every slash is a division. */
const MAX_LOOKAHEAD = 300_000;

/** After these words a slash starts a regular expression. */
const BEFORE_REGEX = new Set(
  "return typeof case in of delete void throw new do else instanceof yield await".split(" "),
);

/** Splits JavaScript into tokens. Never throws; expressions inside templates are tokens after the template's own. */
export function tokeniseJavaScript(source: string): JsToken[] {
  const tokens: JsToken[] = [];
  // For each open template: how many braces are open inside its current `${`.
  const templates: number[] = [];
  let line = 1;
  let at = 0;
  let lookahead = MAX_LOOKAHEAD;

  const countLines = (text: string): void => {
    for (let found = text.indexOf("\n"); found !== -1; found = text.indexOf("\n", found + 1)) line += 1;
  };
  const push = (kind: JsTokenKind, text: string, on = line): void => {
    tokens.push({ kind, text, line: on });
  };
  const readTemplate = (): void => {
    const start = at;
    while (at < source.length && source[at] !== "`" && !source.startsWith("${", at)) at += source[at] === "\\" ? 2 : 1;
    const text = source.slice(start, at);
    const hole = source.startsWith("${", at);
    push("template", hole ? `${text}\u0000` : text);
    countLines(text);
    if (hole) templates.push(0);
    at += hole ? 2 : 1;
  };

  while (at < source.length) {
    const char = source[at] ?? "";
    if (char === "\n") {
      line += 1;
      at += 1;
    } else if (char === " " || char === "\t" || char === "\r") {
      at += 1;
    } else if (source.startsWith("//", at) || (source.startsWith("#!", at) && at === 0)) {
      const end = source.indexOf("\n", at);
      at = end === -1 ? source.length : end;
    } else if (source.startsWith("/*", at)) {
      const end = source.indexOf("*/", at + 2);
      const stop = end === -1 ? source.length : end + 2;
      countLines(source.slice(at, stop));
      at = stop;
    } else if (char === '"' || char === "'") {
      const start = at + 1;
      at = start;
      while (at < source.length && source[at] !== char && source[at] !== "\n") at += source[at] === "\\" ? 2 : 1;
      const raw = source.slice(start, at);
      push("string", unescape(raw));
      countLines(raw);
      if (source[at] === char) at += 1;
    } else if (char === "`") {
      at += 1;
      readTemplate();
    } else if (char === "/" && startsRegex(tokens.at(-1))) {
      const end = lookahead > 0 ? endOfRegex(source, at) : undefined;
      if (end === undefined) lookahead -= MAX_REGEX;
      at = end ?? at + 1;
    } else if (/[\w$\u0080-\uffff]/.test(char)) {
      const start = at;
      while (at < source.length && /[\w$\u0080-\uffff]/.test(source[at] ?? "")) at += 1;
      const text = source.slice(start, at);
      push(/^\d/.test(text) ? "number" : "name", text);
    } else if (char === "}" && templates.at(-1) === 0) {
      templates.pop();
      at += 1;
      readTemplate();
    } else {
      const open = templates.length - 1;
      if (open >= 0 && char === "{") templates[open] = (templates[open] ?? 0) + 1;
      if (open >= 0 && char === "}") templates[open] = (templates[open] ?? 0) - 1;
      push(
        "punct",
        source.startsWith("...", at)
          ? "..."
          : source.startsWith("=>", at)
            ? "=>"
            : source.startsWith("?.", at)
              ? "."
              : char,
      );
      at += source.startsWith("...", at) ? 3 : source.startsWith("=>", at) || source.startsWith("?.", at) ? 2 : 1;
    }
  }
  return tokens;
}

function startsRegex(before: JsToken | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "punct") return before.text !== ")" && before.text !== "]" && before.text !== "}";
  return before.kind === "name" && BEFORE_REGEX.has(before.text);
}

/** The offset after a regular expression; undefined when the line ends first: then the slash was a division. */
function endOfRegex(source: string, start: number): number | undefined {
  let inClass = false;
  for (let at = start + 1; at < source.length && source[at] !== "\n" && at - start < MAX_REGEX; at++) {
    const char = source[at];
    if (char === "\\") at += 1;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === "/" && !inClass) return at + 1;
  }
  return undefined;
}

function unescape(raw: string): string {
  if (!raw.includes("\\")) return raw;
  return raw.replaceAll(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|([\s\S]))/g,
    (_, x, u, long, char) => {
      const hex: unknown = x ?? u ?? long;
      if (typeof hex === "string") {
        const code = Number.parseInt(hex, 16);
        return code <= 0x10ffff ? String.fromCodePoint(code) : "";
      }
      if (char === "n") return "\n";
      if (char === "t") return "\t";
      return char === "\n" ? "" : String(char);
    },
  );
}
