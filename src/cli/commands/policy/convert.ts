import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { stringify } from "yaml";
import { checkDocument } from "../../../policy/documents/check-document.ts";
import { convertGrants, type Converted, convertSettings } from "../../../policy/documents/convert.ts";
import { faultText, PolicyError } from "../../../policy/documents/fault.ts";
import { CordonError, messageOf } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import type { SandboxFlags } from "../../flags/run-options.ts";
import { grantsFromFlags } from "../../flags/grants-from-flags.ts";
import { limitsFromFlags } from "../../flags/limit-options.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { fail } from "../../output/failure.ts";
import { neutralised, writeNote } from "../../output/terminal.ts";

/** The largest file of settings, in bytes. */
const MAX_BYTES = 1024 * 1024;

/** `cordon policy convert [FILE] [FLAGS]`: prints the document that says what the flags, or the settings in a file, say. */
export function policyConvertCommand(file: string | undefined, flags: SandboxFlags): number {
  try {
    const { document, notes } =
      file === undefined
        ? convertGrants(grantsFromFlags(flags), process.cwd(), { ...limitsFromFlags(flags) })
        : fromFile(file);
    const text = stringify(withoutEmpty(document));
    const { faults } = checkDocument(text, file ?? "the flags");
    if (faults.length > 0) throw new PolicyError(faults);
    for (const note of notes) writeNote(note, process.stderr);
    process.stdout.write(neutralised(text));
    return EXIT.done;
  } catch (thrown) {
    if (thrown instanceof PolicyError) for (const fault of thrown.faults) writeNote(faultText(fault), process.stderr);
    return fail(thrown, false);
  }
}

function fromFile(file: string): Converted {
  let value: unknown;
  try {
    const text = readFileSync(file, "utf8");
    if (text.length > MAX_BYTES) throw new Error("it is larger than 1 MiB");
    value = file.endsWith(".toml") ? parse(text) : JSON.parse(text);
  } catch (thrown) {
    const message = `Cannot convert ${quoteText(file)}: ${messageOf(thrown)}; name a file of JSON, or of TOML that ends in .toml`;
    throw new CordonError("usage", message, { cause: thrown });
  }
  const converted = convertSettings(value);
  if (converted !== undefined) return converted;
  const message = `Cannot convert ${quoteText(file)}: it is neither the capabilities of wasm-sandbox nor settings of srt`;
  throw new CordonError("usage", message);
}

/** Lists and maps with nothing in them say nothing. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? Number(value) : value;
  const kept = Object.entries(value)
    .map(([key, one]) => [key, withoutEmpty(one)] as const)
    .filter(
      ([, one]) => !(typeof one === "object" && one !== null && Object.keys(one).length === 0) && one !== undefined,
    );
  return Object.fromEntries(kept);
}
