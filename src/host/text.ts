/** The longest resource an audit event carries, in UTF-16 units. */
const MAX_RESOURCE_LENGTH = 4_096;
const MAX_QUOTED_LENGTH = 256;

/** A successful result. */
export function ok<T>(val: T): { readonly tag: "ok"; readonly val: T } {
  return { tag: "ok", val };
}

/** A failure that the guest can handle. */
export function err<E>(val: E): { readonly tag: "err"; readonly val: E } {
  return { tag: "err", val };
}

/** What a guest named, cut to the length an audit event may have. */
export function cutResource(named: string): string {
  return named.slice(0, MAX_RESOURCE_LENGTH).toWellFormed();
}

/** What a guest named, in double quotes, on one line and not longer than a message should be. */
export function quote(named: string): string {
  const short = named.length > MAX_QUOTED_LENGTH ? `${named.slice(0, MAX_QUOTED_LENGTH)}...` : named;
  return JSON.stringify(short).replaceAll(
    /[\p{C}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
