/** `token` of RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u;

/**
 * What frames a message or belongs to one connection: the host's to set. A guest that set them could make the host and the
 * server disagree about where a message ends. `expect` asks for an answer in the middle of a request.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

/** Whether text is a `token` of RFC 9110: a method or the name of a field. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether bytes may be the value of a field: RFC 9110, section 5.5, with blanks at both ends allowed. */
export function isFieldValue(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));
}

/** Whether a field is the host's alone to set. `key` is its name in lower case. */
export function isForbiddenField(key: string): boolean {
  return FORBIDDEN.has(key) || key.startsWith("proxy-");
}
