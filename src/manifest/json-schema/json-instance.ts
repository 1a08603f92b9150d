/** A text as the value it is, or why it cannot be checked. */
export type JsonInstance = { readonly value: unknown } | { readonly problem: string };

const DIGITS = /-?\d+(?![\d.eE])/uy;

/**
 * Reads a JSON text that every reader reads alike: readers differ on keys that are there twice, and on integers that a number does not hold
 * exactly, so that what was checked would be something else than what is used.
 */
export function jsonInstance(text: string): JsonInstance {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "it is not JSON" };
  }
  const { members, integers } = scanned(text);
  if (integers.some((digits) => !Number.isSafeInteger(Number(digits)))) {
    return { problem: "it has an integer beyond 2^53 - 1, which cannot be checked exactly" };
  }
  return members === membersOf(value) ? { value } : { problem: "it has a key twice in one object" };
}

/** How many members all objects of a JSON text have together as they are written, and its long integers. */
function scanned(text: string): { readonly members: number; readonly integers: readonly string[] } {
  const integers: string[] = [];
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === '"') at = endOfText(text, at);
    else if (character === ":") members += 1;
    else if (character === "-" || (character >= "0" && character <= "9")) {
      DIGITS.lastIndex = at;
      const [digits = ""] = DIGITS.exec(text) ?? [];
      if (digits.length > 15) integers.push(digits);
      while (/[\d.eE+-]/u.test(text[at + 1] ?? "")) at += 1;
    }
  }
  return { members, integers };
}

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function membersOf(value: unknown): number {
  const left: unknown[] = [value];
  let members = 0;
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== "object" || next === null) continue;
    const inner: readonly unknown[] = Array.isArray(next) ? next : Object.values(next);
    if (!Array.isArray(next)) members += inner.length;
    for (const one of inner) if (typeof one === "object" && one !== null) left.push(one);
  }
  return members;
}
