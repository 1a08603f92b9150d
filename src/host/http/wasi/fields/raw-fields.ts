import type { Dispatcher } from "undici";
import type { FieldMap, RawFields } from "./field-map.ts";

/** The fields of a response, as undici hands them on. */
export type RawHeaders = Dispatcher.DispatchController["rawHeaders"];

/** Fields as undici has them: names and values in turn, as bytes. */
export function rawFields(raw: RawHeaders): RawFields {
  if (!Array.isArray(raw)) return [];
  const fields: [string, Uint8Array][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    fields.push([bytesOf(raw[index]).toString("latin1"), bytesOf(raw[index + 1])]);
  }
  return fields;
}

function bytesOf(part: Buffer | string | undefined): Buffer {
  return typeof part === "object" ? part : Buffer.from(part ?? "", "latin1");
}

/** Fields as undici takes them; each unit of the text is one byte on the wire. */
export function flatFields(headers: FieldMap): string[] {
  return headers.entries().flatMap(([name, value]) => [name, Buffer.from(value).toString("latin1")]);
}
