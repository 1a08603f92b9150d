import { dirname, join, resolve } from "node:path";
import { AcceptedStore, type RequestSubject } from "../../manifest/accepted-requests.ts";
import type { Manifest } from "../../manifest/manifest.ts";
import { readNamedManifest } from "../../manifest/manifest-file.ts";
import { newRequests, requestTexts } from "../../manifest/request-texts.ts";
import { ManifestThread } from "../../manifest/thread/manifest-thread.ts";
import { withinRequests } from "../../manifest/within-requests.ts";
import { sourceName } from "../loading/source.ts";
import { grantsBase, readSandboxOptions, type SandboxOptions } from "../options/sandbox-options.ts";
import { type CapabilityRow, sideBySide } from "./side-by-side.ts";

/** A manifest, read without opening its component. */
export interface ReviewedManifest {
  readonly manifest: Manifest;
  readonly subject: RequestSubject;
  /** The component's path. */
  readonly module: string;
  /** The version whose requests were accepted; `undefined` where none were. */
  readonly acceptedVersion: string | undefined;
  /** What it asks for that was not accepted. */
  readonly added: readonly string[];
}

/**
 * Reads a manifest, and what was accepted of it.
 *
 * @param component The component's name; default that of its module's file.
 * @throws CordonError as `Sandbox.open` does for a manifest.
 */
export async function reviewManifest(file: string, component?: string): Promise<ReviewedManifest> {
  const folder = dirname(resolve(file));
  const { manifest, thread } = await ManifestThread.read(readNamedManifest(file), { file, folder });
  thread.close();
  const module = join(folder, manifest.module);
  const subject = { component: component ?? sourceName(module), manifest: manifest.name };
  const asked = requestTexts(manifest.requests);
  const accepted = newRequests(asked, undefined).length === 0 ? undefined : new AcceptedStore().read(subject);
  return { manifest, subject, module, acceptedVersion: accepted?.version, added: newRequests(asked, accepted) };
}

/** Accepts what a manifest asks for. */
export function acceptRequests({ manifest, subject }: ReviewedManifest): void {
  new AcceptedStore().write(subject, { version: manifest.version, ...requestTexts(manifest.requests) });
}

/**
 * What a manifest asks for beside what options and the documents of policies grant its component.
 *
 * @throws CordonError as `Sandbox.open` does for its options.
 */
export async function grantedBeside(
  { manifest, module, subject }: ReviewedManifest,
  given: SandboxOptions,
): Promise<readonly CapabilityRow[]> {
  const read = readSandboxOptions("the options", { ...given, name: subject.component });
  const { policy } = read.options;
  const opened =
    policy === undefined ? read : await (await import("../policy/with-policy.ts")).withPolicy(module, read, policy);
  const base = { ...grantsBase(read.options), cwd: opened.grants.cwd };
  return sideBySide(manifest, opened, withinRequests(opened.grants, manifest.requests, base));
}
