import { isFieldValue, isForbiddenField, isToken } from "../../shared/field-rules.ts";
import type { HttpFields, HttpResponseHead, HttpResponsePart } from "../../shared/http-message.ts";
import type { Limits } from "../../shared/limits/limits.ts";

/** The most fields of one set. */
const MAX_FIELDS = 1_024;

type FieldLimits = Pick<Limits, "maxHeaderBytes">;

/**
 * What a guest's side sends, as a part of an answer: its members and nothing else, fields that may go on a connection, and within
 * the limits on them.
 *
 * @throws Error for what no guest's side sends that hostile code has not taken over.
 */
export function readResponsePart(payload: unknown, limits: FieldLimits): HttpResponsePart {
  const { head, body, trailers } = record(payload);
  if (head === undefined && body === undefined && trailers === undefined) throw malformed("it has no member");
  if (body !== undefined && (!(body instanceof Uint8Array) || body.length === 0))
    throw malformed("its body is no bytes");
  return {
    ...(head === undefined ? {} : { head: readHead(head, limits) }),
    ...(body === undefined ? {} : { body }),
    ...(trailers === undefined ? {} : { trailers: readFields(trailers, limits) }),
  };
}

/** What the head says of the body's length, in bytes. */
export function declaredLength({ headers }: HttpResponseHead): number | undefined {
  const [length] = lengths(headers);
  return length === undefined ? undefined : Number(length);
}

function readHead(sent: unknown, limits: FieldLimits): HttpResponseHead {
  const { status, headers } = record(sent);
  if (typeof status !== "number" || !Number.isInteger(status) || status < 200 || status > 599) {
    throw malformed("its status is none");
  }
  const fields = readFields(headers, limits);
  const declared = lengths(fields);
  if (declared.length > 1 || !declared.every((one) => /^[0-9]{1,15}$/u.test(one))) {
    throw malformed("its content-length is none");
  }
  return { status, headers: fields };
}

function lengths(fields: HttpFields): readonly string[] {
  return fields.filter(([name]) => name.toLowerCase() === "content-length").map(([, value]) => value);
}

function readFields(sent: unknown, { maxHeaderBytes }: FieldLimits): HttpFields {
  if (!Array.isArray(sent) || sent.length > MAX_FIELDS) throw malformed("its fields are none");
  let bytes = 0;
  return sent.map((field: unknown) => {
    if (!Array.isArray(field) || field.length !== 2) throw malformed("a field is none");
    const [name, value] = field as readonly unknown[];
    if (typeof name !== "string" || typeof value !== "string") throw malformed("a field is no text");
    bytes += name.length + value.length;
    if (bytes > maxHeaderBytes) throw malformed(`its fields are more than ${maxHeaderBytes} bytes`);
    if (!isToken(name) || isForbiddenField(name.toLowerCase()))
      throw malformed("a field has a name that it may not have");
    if (!isLatin1(value) || !isFieldValue(Buffer.from(value, "latin1"))) throw malformed("a field's value is none");
    return [name, value];
  });
}

/** Whether each code unit is one byte on the wire. */
function isLatin1(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0xff) return false;
  return true;
}

function record(sent: unknown): Readonly<Record<string, unknown>> {
  if (typeof sent !== "object" || sent === null) throw malformed("a part of it is no record");
  return sent as Readonly<Record<string, unknown>>;
}

function malformed(reason: string): Error {
  return new Error(`Cannot send a part of an HTTP answer: ${reason}`);
}
