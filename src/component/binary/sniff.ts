/** What a file seems to hold, judged by its first bytes alone. */
export type SniffedFormat = "component" | "core-module" | "text" | "empty" | "unknown";

/** How many bytes are read to distinguish text from other bytes. */
const TEXT_SAMPLE_BYTES = 512;

const PREAMBLES: readonly { readonly format: SniffedFormat; readonly bytes: readonly number[] }[] = [
  { format: "component", bytes: [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00] },
  { format: "core-module", bytes: [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] },
];

/**
 * Recognises what `bytes` are by the preamble of the binary formats
 * (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#component-definitions).
 *
 * `text` covers the WebAssembly text format and every other text (a WIT file, a script, an error page saved by mistake).
 * `unknown` covers everything else, such as a preamble cut short or of another version. Says nothing about whether the rest is valid.
 */
export function sniff(bytes: Uint8Array): SniffedFormat {
  if (bytes.length === 0) return "empty";
  for (const { format, bytes: preamble } of PREAMBLES) {
    if (preamble.every((byte, index) => bytes[index] === byte)) return format;
  }
  return isText(bytes.subarray(0, TEXT_SAMPLE_BYTES)) ? "text" : "unknown";
}

function isText(sample: Uint8Array): boolean {
  const isControl = sample.some((byte) => byte === 0x7f || (byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d)));
  if (isControl) return false;
  try {
    // `stream` accepts a character that the end of the sample cuts in two.
    new TextDecoder("utf-8", { fatal: true }).decode(sample, { stream: true });
    return true;
  } catch {
    return false;
  }
}
