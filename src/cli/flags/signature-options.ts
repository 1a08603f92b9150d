import { type Command, Option } from "commander";
import type { SignatureInput } from "../../sandbox/options/signature-options.ts";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { PUBLISHER_LEVELS, type PublisherLevel } from "../../shared/publisher-level.ts";
import { repeatable } from "./grant-options.ts";

/** The flags that say who has to have signed a component, as parsed. */
export interface SignatureFlags {
  readonly requireSignature?: readonly string[];
  readonly signatureThreshold?: string;
  readonly signatureLevel?: PublisherLevel;
  readonly signature?: string;
}

const GROUP = "Signatures:";

/** Adds them to a command. */
export function addSignatureOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--require-signature <KEY>", "run nothing unless this trusted key signed it, or any (repeatable)")
        .argParser(repeatable)
        .helpGroup(GROUP),
    )
    .addOption(
      new Option("--signature-threshold <COUNT>", "so many of them are enough; default all that are named").helpGroup(
        GROUP,
      ),
    )
    .addOption(
      new Option("--signature-level <LEVEL>", "count no publishers below LEVEL")
        .choices(PUBLISHER_LEVELS)
        .default(undefined, "community")
        .helpGroup(GROUP),
    )
    .addOption(new Option("--signature <FILE>", "the signature, where it is not in the component").helpGroup(GROUP));
}

/**
 * What they mean for the sandbox.
 *
 * @throws CordonError `usage` for flags that make no sense.
 */
export function signatureFromFlags(flags: SignatureFlags): SignatureInput | undefined {
  const { requireSignature, signatureThreshold, signatureLevel, signature } = flags;
  if (requireSignature === undefined) {
    const idle = Object.entries(NEEDING).find(([key]) => flags[key as keyof typeof NEEDING] !== undefined);
    if (idle === undefined) return undefined;
    throw new CordonError("usage", `Cannot use ${idle[1]}: no signature is required; add --require-signature any`);
  }
  const anyOne = requireSignature.includes("any");
  if (anyOne && requireSignature.length > 1) {
    throw new CordonError("usage", "Cannot use --require-signature: give any once, or the names of keys");
  }
  return {
    require: anyOne ? "any" : requireSignature,
    threshold: signatureThreshold === undefined ? undefined : count(signatureThreshold),
    level: signatureLevel,
    detached: signature,
  };
}

const NEEDING = {
  signatureThreshold: "--signature-threshold",
  signatureLevel: "--signature-level",
  signature: "--signature",
} as const;

function count(text: string): number {
  if (/^[1-9][0-9]{0,2}$/u.test(text)) return Number(text);
  throw new CordonError(
    "usage",
    `Cannot read --signature-threshold ${quoteText(text, 100)}: it is a whole number from 1`,
  );
}
