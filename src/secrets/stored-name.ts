/** The most a name may have, in bytes of UTF-8: each may become three characters of a file's name, of which systems take 255. */
export const MAX_NAME_BYTES = 80;

/**
 * A name as the name of a file, so that no two names are one file, wherever letter case counts for nothing. Capitals get a plus sign
 * before them; all that is no letter, digit, `_` or `-` becomes the percent sign and two hexadecimal digits for each byte.
 */
export function storedName(name: string): string {
  return [...Buffer.from(name)].map(stored).join("");
}

/** The name that a file's name stands for; `undefined` for what {@link storedName} makes of none. */
export function nameStoredAs(file: string): string | undefined {
  const bytes = (file.match(/\+[a-z]|%[0-9a-f]{2}|[a-z0-9_-]/gu) ?? []).map((part) => {
    if (part.startsWith("+")) return part.charCodeAt(1) - 0x20;
    return part.startsWith("%") ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0);
  });
  const name = Buffer.from(bytes).toString("utf8");
  return storedName(name) === file ? name : undefined;
}

function stored(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[a-z0-9_-]/u.test(character)) return character;
  if (/[A-Z]/u.test(character)) return `+${character.toLowerCase()}`;
  return `%${byte.toString(16).padStart(2, "0")}`;
}
