/** What can be done with a file, as storage rules name it. */
export const STORAGE_ACCESSES = ["read", "modify", "create", "delete"] as const;

/** One of {@link STORAGE_ACCESSES}. */
export type StorageAccess = (typeof STORAGE_ACCESSES)[number];

/** The same as bits, so that the rights of a path are one number. */
export const ACCESS: Readonly<Record<StorageAccess, number>> = { read: 1, modify: 2, create: 4, delete: 8 };

/** Every access. */
export const EVERY_ACCESS = 15;
/** What `write` stands for. */
export const WRITE_ACCESS: number = ACCESS.modify | ACCESS.create | ACCESS.delete;
/** What reaches the content of a file. */
export const CONTENT_ACCESS: number = ACCESS.read | ACCESS.modify;

/** What rules may name: each access, and `write` for the last three. */
export const ACCESS_WORDS: readonly string[] = ["read", "write", "modify", "create", "delete"];

/** The bits of what a rule names, or `undefined` for a word that is no access. */
export function accessOf(word: string): number | undefined {
  if (word === "write") return WRITE_ACCESS;
  return STORAGE_ACCESSES.some((one) => one === word) ? ACCESS[word as StorageAccess] : undefined;
}

/** Bits in words, `write` where all of it is there. */
export function accessText(access: number): string {
  const words: string[] = (access & ACCESS.read) === 0 ? [] : ["read"];
  if ((access & WRITE_ACCESS) === WRITE_ACCESS) words.push("write");
  else words.push(...STORAGE_ACCESSES.filter((one) => one !== "read" && (access & ACCESS[one]) !== 0));
  return words.join(", ");
}
