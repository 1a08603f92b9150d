import { cutResource } from "../text.ts";

const MAX_URL_LENGTH = 8_192;

/** A guest's URL, or why it is none; `problem` is one line. */
export type UrlParse = { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly problem: string };

/**
 * Parses a URL as the WHATWG URL Standard says, relative to `base` where one is given. Spaces and control characters, which
 * that standard drops without a word, are refused. A trailing dot of the host is dropped.
 */
export function parseHttpUrl(text: string, base?: URL): UrlParse {
  if (text.length > MAX_URL_LENGTH)
    return { ok: false, problem: `the URL is longer than ${MAX_URL_LENGTH} characters` };
  if (/[\s\p{Cc}]/u.test(text)) return { ok: false, problem: "the URL has a space or a control character" };
  const url = URL.parse(text, base);
  if (url === null) return { ok: false, problem: "the URL is not valid" };
  if (url.hostname.endsWith(".")) url.hostname = url.hostname.slice(0, -1);
  return { ok: true, url };
}

/** A URL for an audit event: without user name and password, and cut. */
export function urlResource(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return cutResource(shown.href);
}

/** The same for text that is not a URL. */
export function rawUrlResource(text: string): string {
  return cutResource(text.slice(0, MAX_URL_LENGTH).replace(/^([a-z][a-z0-9+.-]*:)?([/\\]*)[^/\\?#]*@/iu, "$1$2"));
}
