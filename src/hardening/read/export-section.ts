import { ByteReader } from "../../shared/byte-reader.ts";
import { MAX_NAME_BYTES } from "./import-section.ts";

/** Reads the names of an export section (core specification 5.5.10). */
export function readExportNames(content: Uint8Array): readonly string[] {
  const reader = new ByteReader(content);
  const names = Array.from({ length: reader.count() }, () => {
    const name = reader.name(MAX_NAME_BYTES);
    reader.u8();
    reader.u32();
    return name;
  });
  if (reader.remaining > 0) reader.fail("bytes after the last export");
  return names;
}
