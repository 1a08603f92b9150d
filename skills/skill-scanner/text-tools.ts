const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const BASE64_VALUES: readonly number[] = Array.from({ length: 128 }, (_, unit) => {
  const char = String.fromCharCode(unit);
  return BASE64.indexOf(char === "-" ? "+" : char === "_" ? "/" : char);
});

/** Decodes base64, standard or URL-safe, padded or not, to one character a byte; undefined when it is not base64. */
export function decodeBase64(text: string): string | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  let ended = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 10 || unit === 13 || unit === 32) continue;
    if (unit === 61) {
      ended = true;
      continue;
    }
    const value = BASE64_VALUES[unit] ?? -1;
    if (value < 0 || ended) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
  }
  return bytes.length === 0 ? undefined : textOf(bytes);
}

/** One character a byte. */
function textOf(bytes: readonly number[]): string {
  if (bytes.length <= 1_024) return String.fromCharCode(...bytes);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 1_024) parts.push(String.fromCharCode(...bytes.slice(at, at + 1_024)));
  return parts.join("");
}

/** Decodes pairs of hexadecimal digits, spaces between them allowed; undefined when it is something else. */
export function decodeHex(text: string): string | undefined {
  const bytes: number[] = [];
  let high = -1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 32 || unit === 10) continue;
    const digit =
      unit >= 48 && unit <= 57 ? unit - 48 : (unit | 32) >= 97 && (unit | 32) <= 102 ? (unit | 32) - 87 : -1;
    if (digit < 0) return undefined;
    if (high < 0) {
      high = digit;
    } else {
      bytes.push(high * 16 + digit);
      high = -1;
    }
  }
  return high >= 0 || bytes.length === 0 ? undefined : textOf(bytes);
}

/** Shifts Latin letters by thirteen. */
export function rot13(text: string): string {
  let result = "";
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const lower = unit | 32;
    const letter = lower >= 97 && lower <= 122;
    result += String.fromCharCode(letter ? unit + (lower < 110 ? 13 : -13) : unit);
  }
  return result;
}

/** Decodes text that spells at least `minimum` bytes as `\xNN`; undefined when it spells anything else. */
export function decodeSpelledHex(text: string, minimum: number): string | undefined {
  if (text.length < minimum * 4 || text.length % 4 !== 0 || !text.startsWith("\\x")) return undefined;
  const digits: string[] = [];
  for (let at = 0; at < text.length; at += 4) {
    if (text[at] !== "\\" || text[at + 1] !== "x") return undefined;
    digits.push(text.slice(at + 2, at + 4));
  }
  return decodeHex(digits.join(""));
}

/** True for text that a person could read: printable ASCII and white space, one stray character in twenty allowed. */
export function isPrintable(text: string): boolean {
  let strange = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if ((unit < 32 || unit > 126) && unit !== 10 && unit !== 13 && unit !== 9) strange += 1;
  }
  return text.length > 0 && strange * 20 <= text.length;
}
