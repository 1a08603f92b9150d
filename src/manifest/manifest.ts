import type { GrantsInput } from "../policy/parsing/parse-grants.ts";
import type { Limits } from "../shared/limits/limits.ts";

/** What a publisher says of a component, and what it asks for. Plain data. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly author: string | undefined;
  readonly license: string | undefined;
  /** Where the component is, from the manifest's folder. */
  readonly module: string;
  /** What its bytes have to be, as `sha256:` and hex. */
  readonly digest: string | undefined;
  readonly requests: Requests;
  readonly exports: readonly ManifestExport[];
  /** Signatures over all but themselves. */
  readonly signatures: readonly ManifestSignature[];
  /** What is signed: the canonical JSON (RFC 8785) of all that the document says, its signatures left out. */
  readonly signed: string;
}

/** What a component is asked for. Grants nothing: what is effective is requested and granted. */
export interface Requests {
  /** Capabilities that are asked for as a whole. */
  readonly whole: readonly WholeCapability[];
  /** Those with a scope. */
  readonly grants: GrantsInput;
  readonly limits: Partial<Limits>;
}

/** What can be asked for by a word: as much of it as is granted. */
export const WHOLE_CAPABILITIES = [
  "filesystem-read",
  "filesystem-write",
  "network",
  "listen",
  "lookup",
  "environment",
  "stdin",
  "process",
  "clocks",
  "random",
] as const;

/** One of {@link WHOLE_CAPABILITIES}. */
export type WholeCapability = (typeof WHOLE_CAPABILITIES)[number];

/** One function of the component. */
export interface ManifestExport {
  readonly name: string;
  readonly description: string | undefined;
  /** Whether there is a schema of what it takes, and of what it returns. */
  readonly hasInputSchema: boolean;
  readonly hasOutputSchema: boolean;
}

/** One signature over a manifest. */
export interface ManifestSignature {
  /** The id of the key, in hexadecimal. */
  readonly key: string;
  /** 64 bytes of Ed25519, in base64. */
  readonly value: string;
}
