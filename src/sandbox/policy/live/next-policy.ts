import { isDeepStrictEqual } from "node:util";
import { digestOf } from "../../../component/digest.ts";
import { diffDocuments } from "../diff/diff-documents.ts";
import type { PolicyDiff } from "../diff/diff-policies.ts";
import type { Grants } from "../../../policy/grants.ts";
import { CordonError } from "../../../shared/errors.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";
import { signedReading } from "../../loading/signed-reading.ts";
import { beginReading, type ComponentSource } from "../../loading/source.ts";
import type { PolicyInput } from "../../options/sandbox-options.ts";
import type { OpenedOptions } from "../policy-in-use.ts";
import type { PolicySwitchParts } from "../policy-switch.ts";
import { withPolicy } from "../with-policy.ts";
import { withSecrets } from "../with-secrets.ts";

/** What is to be put in force. */
export interface NextPolicy {
  readonly opened: OpenedOptions;
  readonly grants: Grants;
  readonly diff: PolicyDiff;
}

/**
 * Reads the policy that is to follow, for a component that is loaded.
 *
 * @throws CordonError `policy` for what is wrong with it, and for what it asks that only opening the component anew can give; `signature`
 * when the component was not signed as it asks.
 *
 * @param mayGain Asked when the documents have been read: why they may allow nothing that those before do not, or `undefined`.
 */
export async function nextPolicy(
  { engine, read }: Pick<PolicySwitchParts, "engine" | "read">,
  before: OpenedOptions,
  input: PolicyInput,
  mayGain: () => string | undefined,
): Promise<NextPolicy> {
  const { name, digest } = engine.info;
  const { source } = read;
  const named = { ...read, options: { ...read.options, name } };
  const opened = await withPolicy(source, named, input);
  if (opened.source !== source) await assertSame(opened.source, digest);
  if (opened.options.isolation === "process" && engine.isolation.level === "thread") {
    throw new CordonError(
      "policy",
      'Cannot put the policy in force: it asks for isolation "process", and the component runs in threads; open it anew',
    );
  }
  if (!isDeepStrictEqual(opened.audits ?? [], before.audits ?? [])) {
    throw new CordonError(
      "policy",
      "Cannot put the policy in force: it has events written elsewhere (audit), which is settled when a component is opened; open it anew",
    );
  }
  const diff = diffDocuments(before.documents ?? [], opened.documents ?? []);
  const [gained] = diff.gained;
  const bound = gained === undefined ? undefined : (narrowOnly(before) ?? mayGain());
  if (bound !== undefined) {
    throw new CordonError("policy", `Cannot put the policy in force: it gains "${gained}", and ${bound}`);
  }
  await assertSigned(opened, before, source, digest);
  const within = before.manifest?.within(opened) ?? opened;
  return { opened: within, grants: await withSecrets(within, name), diff };
}

/** Why nothing may be gained by a change. */
function narrowOnly({ documents = [] }: OpenedOptions): string | undefined {
  const bound = documents.find(({ reload }) => reload === "narrow-only");
  if (bound === undefined) return undefined;
  return `${quoteText(bound.file)} lets a change only narrow what is allowed (reload: narrow-only); open the component anew`;
}

/** What further signatures are asked for are those of the bytes that run, or nothing changes. */
async function assertSigned(
  { signatures = [], options, limits }: OpenedOptions,
  { signatures: met = [] }: OpenedOptions,
  source: ComponentSource,
  digest: string,
): Promise<void> {
  const known = new Set(met.map((one) => JSON.stringify(one)));
  const further = signatures.filter((one) => !known.has(JSON.stringify(one)));
  if (further.length === 0) return;
  const reading = signedReading(beginReading(source, limits.maxComponentBytes), options.signature, further);
  const { bytes } = await reading(options.signal ?? new AbortController().signal);
  await assertSame(bytes, digest);
}

async function assertSame(source: ComponentSource, digest: string): Promise<void> {
  if (source instanceof Uint8Array && (await digestOf(source, new AbortController().signal)) === digest) return;
  throw new CordonError(
    "policy",
    "Cannot put the policy in force: it is for components by what is in their files, and the file is not the one that runs any more; open it anew",
  );
}
