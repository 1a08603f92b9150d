import { createHash } from "node:crypto";
import type { GrantsInput } from "../parsing/parse-grants.ts";
import { combineGrants } from "./combine.ts";
import type { SecretInput } from "../parsing/parse-secrets.ts";
import type { Fault } from "./fault.ts";
import type { SignatureEntry } from "./policy-shape.ts";
import type {
  DocumentAudit,
  DocumentLimits,
  DocumentRate,
  PolicyDocument,
  PolicyFence,
  RuleOrigin,
} from "./policy-document.ts";

/** Whom documents are asked for. */
export interface PolicySubject {
  readonly name: string;
  /** `sha256:` and hex; `undefined` where no document asks for it. */
  readonly digest: string | undefined;
  /** Names of the trusted keys that signed it; `undefined` where no document asks for them. */
  readonly signers?: readonly string[] | undefined;
}

/** What all documents that are for a component say together. */
export interface EffectivePolicy {
  readonly documents: readonly PolicyDocument[];
  readonly grants: GrantsInput;
  /** The tightest of those that set one; profiles each by itself. */
  readonly limits: readonly DocumentLimits[];
  readonly isolation: PolicyDocument["isolation"];
  /** Each of them has to be met. */
  readonly signatures: readonly SignatureEntry[];
  readonly secrets: readonly SecretInput[];
  readonly fences: readonly PolicyFence[];
  /** Whether any of the documents only records what it denies. */
  readonly isLogged: boolean;
  readonly rates: readonly DocumentRate[];
  readonly audits: readonly DocumentAudit[];
  readonly warnings: readonly Fault[];
  readonly rules: readonly RuleOrigin[];
  /** `sha256:` of the canonical JSON of the documents. */
  readonly version: string;
}

/** Whether any document has to know the component's digest. */
export function asksForDigest(loaded: readonly PolicyDocument[]): boolean {
  return loaded.some(({ match }) => match?.digests !== undefined);
}

/** Whether any document has to know who signed the component. */
export function asksForSigners(loaded: readonly PolicyDocument[]): boolean {
  return loaded.some(({ match }) => match?.signers !== undefined);
}

/** Whether a document is for a component. */
function matches({ match }: PolicyDocument, { name, digest, signers = [] }: PolicySubject): boolean {
  if (match === undefined) return true;
  const { names, digests, signers: wanted } = match;
  return (
    (names === undefined || names.includes(name)) &&
    (digests === undefined || (digest !== undefined && digests.includes(digest))) &&
    (wanted === undefined || wanted.some((one) => signers.includes(one)))
  );
}

/** Puts the documents together that are for a component. */
export async function effectivePolicy(
  loaded: readonly PolicyDocument[],
  subject: PolicySubject,
): Promise<EffectivePolicy> {
  const documents = loaded.filter((document) => matches(document, subject));
  const isolations = new Set(documents.map(({ isolation }) => isolation));
  return {
    documents,
    grants: combineGrants(documents.map(({ grants }) => grants)),
    limits: documents.flatMap(({ limits }) => (limits === undefined ? [] : [limits])),
    isolation: (["process", "auto", "thread"] as const).find((level) => isolations.has(level)),
    signatures: documents.flatMap(({ signature }) => (signature === undefined ? [] : [signature])),
    secrets: documents.flatMap(({ secrets }) => secrets),
    fences: documents.flatMap(({ fence }) => (fence === undefined ? [] : [fence])),
    isLogged: documents.some(({ enforce }) => enforce === "log"),
    rates: documents.flatMap(({ rates }) => rates),
    audits: documents.flatMap(({ audit }) => (audit === undefined ? [] : [audit])),
    warnings: documents.flatMap(({ warnings }) => warnings),
    rules: documents.flatMap(({ rules }) => rules),
    version: await versionOf(documents),
  };
}

async function versionOf(documents: readonly PolicyDocument[]): Promise<string> {
  const { default: canonicalize } = await import("canonicalize");
  const parts = documents.map((document) => {
    const { match, grants, limits, isolation, reload, signature, secrets, fence, enforce, rates, audit } = document;
    return {
      match,
      grants,
      limits,
      isolation,
      reload,
      signature,
      secrets: secrets.length === 0 ? undefined : secrets,
      fence: fence === undefined ? undefined : { grants: fence.grants, limits: fence.limits },
      // What says nothing changes no version.
      enforce: enforce === "deny" ? undefined : enforce,
      rates: rates.length === 0 ? undefined : rates.map(({ of, most, per }) => ({ of, most, per })),
      audit,
    };
  });
  // What is left out is not JSON, so it goes through text first.
  const json: unknown = JSON.parse(JSON.stringify(parts));
  return `sha256:${createHash("sha256")
    .update(canonicalize(json) ?? "")
    .digest("hex")}`;
}
