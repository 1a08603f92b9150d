import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { AcceptedStore } from "../../manifest/accepted-requests.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { readManifestFile, readNamedManifest } from "../../manifest/manifest-file.ts";
import { newRequests, requestTexts } from "../../manifest/request-texts.ts";
import { ManifestThread } from "../../manifest/thread/manifest-thread.ts";
import { withinRequests } from "../../manifest/within-requests.ts";
import { CordonError } from "../../shared/errors.ts";
import { escapeInvisible, quoteText } from "../../shared/text/quote-text.ts";
import { HostFunctions } from "../host-functions/host-functions.ts";
import { sourceName } from "../loading/source.ts";
import { atMost } from "../options/limit-options.ts";
import { grantsBase } from "../options/sandbox-options.ts";
import type { OpenedOptions } from "../policy/policy-in-use.ts";
import type { OpenedManifest } from "./opened-manifest.ts";
import { type ManifestInput, manifestOptions } from "./manifest-options.ts";
import { signersOfManifest } from "./signers-of-manifest.ts";
import { sideBySide } from "./side-by-side.ts";

/** How many new requests a message names. */
const MAX_NAMED = 20;

/**
 * Puts the options of a sandbox within what a manifest asks for. Nothing of it adds to them. The same options where there is no such
 * manifest, and need not be.
 *
 * @throws CordonError `policy` for the faults of the manifest, and when it asks for what was not accepted; `signature` when it was not
 * signed as it has to be; `usage` when it cannot be read; `limit` or `cancelled`.
 */
export async function withManifest(opened: OpenedOptions, given: ManifestInput): Promise<OpenedOptions> {
  const { options, source } = opened;
  const { file, accept = false, acceptedDirectory, onlyFor } = manifestOptions(given);
  const place = { file, folder: dirname(resolve(file)) };
  const text = onlyFor === undefined ? readNamedManifest(file) : readManifestFile(file);
  if (text === undefined) return opened;
  const { manifest, thread } = await ManifestThread.read(text, place, options.signal);
  try {
    if (onlyFor !== undefined && !isSameFile(join(place.folder, manifest.module), onlyFor)) {
      thread.close();
      return opened;
    }
    const signers = await signersOfManifest(manifest, opened, quoteText(file));
    const component = options.name ?? sourceName(source);
    if (!accept) assertAccepted(manifest, { component, file, store: new AcceptedStore(acceptedDirectory) });
    const { grants } = withinManifest(opened, manifest);
    // A signature over the manifest is one over the component, too, where its digest is in it.
    const isCovered = signers.length > 0 && manifest.digest !== undefined && options.signature?.detached === undefined;
    const covered = isCovered ? { options: { ...options, signature: undefined }, signatures: [] } : {};
    const inUse = Object.freeze({
      file,
      name: manifest.name,
      version: manifest.version,
      signers,
      capabilities: sideBySide(manifest, opened, grants),
    });
    const inForce: OpenedManifest = {
      inUse,
      exports: manifest.exports,
      within: (later) => ({
        ...withinManifest(later, manifest),
        expectedDigest: manifest.digest,
        manifest: inForce,
      }),
      check: (check) => thread.check(check),
      close: () => thread.close(),
    };
    return { ...inForce.within(opened), ...covered };
  } catch (thrown) {
    thread.close();
    throw thrown;
  }
}

/** Nothing of the manifest adds to what is granted; of limits the lower ones hold. */
function withinManifest(opened: OpenedOptions, { requests }: Manifest): OpenedOptions {
  const { options } = opened;
  const grants = withinRequests(opened.grants, requests, { ...grantsBase(options), cwd: opened.grants.cwd });
  return {
    ...opened,
    grants,
    limits: atMost(opened.limits, requests.limits),
    mostLimits: atMostOf(opened.mostLimits ?? {}, requests.limits),
    hostFunctions: new HostFunctions(options.hostFunctions ?? [], grants.custom),
  };
}

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return first !== undefined && second !== undefined && first.dev === second.dev && first.ino === second.ino;
}

interface Acceptance {
  readonly component: string;
  readonly file: string;
  readonly store: AcceptedStore;
}

function assertAccepted(manifest: Manifest, { component, file, store }: Acceptance): void {
  const asked = requestTexts(manifest.requests);
  if (newRequests(asked, undefined).length === 0) return;
  const accepted = store.read({ component, manifest: manifest.name });
  const added = newRequests(asked, accepted);
  if (added.length === 0) return;
  const named = added.slice(0, MAX_NAMED).map((text) => escapeInvisible(text.slice(0, 200)));
  const rest = added.length > MAX_NAMED ? `; and ${added.length - MAX_NAMED} more` : "";
  const than =
    accepted === undefined ? "what nobody has accepted" : `more than was accepted of version ${accepted.version}`;
  const message = `Cannot run ${quoteText(component)}: version ${manifest.version} asks for ${than}: ${named.join("; ")}${rest}`;
  throw new CordonError(
    "policy",
    `${message}; look at it and accept it with cordon manifest accept ${quoteText(file)}`,
  );
}

function atMostOf(
  one: NonNullable<OpenedOptions["mostLimits"]>,
  other: NonNullable<OpenedOptions["mostLimits"]>,
): NonNullable<OpenedOptions["mostLimits"]> {
  const least: Record<string, number> = { ...one };
  for (const [name, value] of Object.entries(other)) least[name] = Math.min(least[name] ?? value, value);
  return least;
}
