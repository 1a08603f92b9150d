/** Above this, a body is not parsed to find its type, which bounds the memory that finding out takes. */
const MAX_PARSED_LENGTH = 1024 * 1024;

/**
 * The content type of a request body that a guest gives as text: `application/json` when the body parses as JSON, else
 * `text/plain; charset=utf-8`. A body over 1 MiB counts as JSON when it begins and ends as an object or an array does.
 */
export function contentTypeOf(body: string): string {
  return looksLikeJson(body) ? "application/json" : "text/plain; charset=utf-8";
}

function looksLikeJson(body: string): boolean {
  if (body.length > MAX_PARSED_LENGTH) {
    const ends = `${body.slice(0, 100).trimStart().slice(0, 1)}${body.slice(-100).trimEnd().slice(-1)}`;
    return ends === "{}" || ends === "[]";
  }
  try {
    JSON.parse(body);
    return true;
  } catch {
    // Not JSON: that is the question asked.
    return false;
  }
}
