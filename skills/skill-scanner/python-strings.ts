/** A string literal's value. */
export interface Literal {
  readonly text: string;
  /** How many numeric escapes (`\x41`, `\101`, `\u0041`) spell a printable ASCII character. */
  readonly disguised: number;
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
};

const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The value of a literal's body, without prefix and quotes. Bytes come out with one character a byte. */
export function decodeLiteral(body: string, raw: boolean): Literal {
  let escape = raw ? -1 : body.indexOf("\\");
  if (escape === -1) return { text: body, disguised: 0 };
  const parts: string[] = [];
  let disguised = 0;
  let from = 0;
  while (escape !== -1) {
    parts.push(body.slice(from, escape));
    const { text, length, numeric } = decodeEscape(body, escape);
    parts.push(text);
    if (numeric && text >= " " && text <= "~") disguised += 1;
    from = escape + length;
    escape = body.indexOf("\\", from);
  }
  parts.push(body.slice(from));
  return { text: parts.join(""), disguised };
}

/** The value of an f-string's constant part. */
export function decodeText(body: string, raw: boolean): string {
  const text = decodeLiteral(body, raw).text;
  return text.includes("{{") || text.includes("}}") ? text.replaceAll("{{", "{").replaceAll("}}", "}") : text;
}

function decodeEscape(body: string, at: number): { text: string; length: number; numeric: boolean } {
  const letter = body[at + 1] ?? "";
  const simple = Object.hasOwn(SIMPLE, letter) ? SIMPLE[letter] : undefined;
  if (simple !== undefined) return { text: simple, length: 2, numeric: false };
  if (letter === "\r") return { text: "", length: body[at + 2] === "\n" ? 3 : 2, numeric: false };
  const digits = Object.hasOwn(HEX_LENGTH, letter) ? (HEX_LENGTH[letter] ?? 0) : 0;
  if (digits > 0) {
    const hex = body.slice(at + 2, at + 2 + digits);
    const code = /^[0-9a-fA-F]+$/.test(hex) ? Number.parseInt(hex, 16) : Number.NaN;
    if (hex.length === digits && code <= 0x10ffff) {
      return { text: String.fromCodePoint(code), length: 2 + digits, numeric: true };
    }
  }
  const octal = /^[0-7]{1,3}/.exec(body.slice(at + 1, at + 4))?.[0];
  if (octal !== undefined) {
    return { text: String.fromCharCode(Number.parseInt(octal, 8)), length: 1 + octal.length, numeric: true };
  }
  return { text: `\\${letter}`, length: 1 + letter.length, numeric: false };
}
