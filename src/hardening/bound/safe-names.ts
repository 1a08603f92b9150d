import { ByteReader } from "../../shared/byte-reader.ts";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/quote-text.ts";
import { MAX_NAME_BYTES, readImports } from "../read/import-section.ts";
import { SECTION, type Section, wellFormed } from "../read/module-sections.ts";

/**
 * What no name may hold that reaches the generated glue: quotes, backslashes, control characters and the line terminators of
 * JavaScript. The transpiler writes core names into string literals as they are, so any of these ends the literal, and what
 * follows is code.
 */
const UNSAFE = /['"`\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;

/**
 * Refuses a name that the glue could not hold as mere text.
 *
 * @throws CordonError `unsupported`.
 */
function assertSafeName(name: string): void {
  // As a key of an object literal this would set the object's prototype instead of a property.
  if (!UNSAFE.test(name) && name !== "__proto__") return;
  throw new CordonError(
    "unsupported",
    `Cannot load the component: the name ${quoteText(name)} in it holds a quote, a backslash or a control character, ` +
      "or is one that JavaScript reserves; Cordon does not put such names into code",
  );
}

/** The same for every name that a core module imports or exports. */
export function assertSafeModuleNames(sections: readonly Section[]): void {
  for (const { id, content } of sections) {
    if (id === SECTION.import) {
      for (const { module, name } of wellFormed(() => readImports(content)).imports) {
        assertSafeName(module);
        assertSafeName(name);
      }
    } else if (id === SECTION.export) {
      for (const name of wellFormed(() => readExportNames(content))) assertSafeName(name);
    }
  }
}

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
