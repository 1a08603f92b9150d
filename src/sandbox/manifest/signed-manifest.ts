import { dirname, join, resolve } from "node:path";
import type { Document } from "yaml";
import { digestOf } from "../../component/digest.ts";
import type { Manifest, ManifestSignature } from "../../manifest/manifest.ts";
import { readNamedManifest } from "../../manifest/manifest-file.ts";
import { ManifestThread } from "../../manifest/thread/manifest-thread.ts";
import { CordonError } from "../../shared/errors.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { beginReading } from "../loading/source.ts";

/** Whether a file is taken for a manifest by its name. */
export function isManifestFile(path: string): boolean {
  return /\.(?:ya?ml|json)$/iu.test(path);
}

/**
 * Reads a manifest and makes sure that its module is what it says.
 *
 * @throws CordonError as for a manifest; `signature` when it says nothing of its module's bytes or they are others.
 */
export async function readWithModule(file: string): Promise<Manifest> {
  const manifest = await read(readNamedManifest(file), file);
  if (manifest.digest === undefined) {
    throw new CordonError(
      "signature",
      `Cannot trust ${quoteText(file)}: it has no digest of its module; cordon sign puts it there`,
    );
  }
  const found = await moduleDigest(manifest, file);
  if (found === manifest.digest) return manifest;
  throw new CordonError(
    "signature",
    `Cannot trust ${quoteText(file)}: its module is ${found}, and it is about ${manifest.digest}`,
  );
}

/**
 * A manifest with the digest of its module and one signature more; comments and layout stay. Signatures of others are kept.
 *
 * @param sign Signs the text that signatures of manifests are over.
 * @returns The new text.
 * @throws CordonError as for a manifest; `signature` when earlier signatures are over something else.
 */
export async function signedManifest(file: string, sign: (signed: string) => ManifestSignature): Promise<string> {
  const { parseDocument } = await import("yaml");
  const text = readNamedManifest(file);
  const before = await read(text, file);
  const document = parseDocument(text);
  document.set("digest", await moduleDigest(before, file));
  const { signed } = await read(textOf(document, file), file);
  if (before.signatures.length > 0 && before.signed !== signed) {
    const message = `Cannot sign ${quoteText(file)}: its module is not the one that its earlier signatures are about; set signature: null first`;
    throw new CordonError("signature", message);
  }
  const own = sign(signed);
  const others = before.signatures.filter(({ key }) => key !== own.key);
  document.set("signature", document.createNode([...others, own]));
  const made = textOf(document, file);
  const after = await read(made, file);
  if (after.signed !== signed) throw new Error("signing changed what is signed");
  return made;
}

/** YAML keeps its comments and order; JSON stays JSON. */
function textOf(document: Document, file: string): string {
  if (/\.json$/iu.test(file)) return `${JSON.stringify(document.toJS(), undefined, 2)}\n`;
  return document.toString({ lineWidth: 0 });
}

async function read(text: string, file: string): Promise<Manifest> {
  const { manifest, thread } = await ManifestThread.read(text, { file, folder: dirname(resolve(file)) });
  thread.close();
  return manifest;
}

async function moduleDigest({ module }: Manifest, file: string): Promise<string> {
  const { signal } = new AbortController();
  const { bytes } = await beginReading(join(dirname(resolve(file)), module))(signal);
  return digestOf(bytes, signal);
}
