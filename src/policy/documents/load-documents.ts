import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CordonError, messageOf } from "../../shared/errors.ts";
import { configDirectory } from "../../shared/machine/xdg.ts";
import { quoteText } from "../../shared/text/quote-text.ts";
import { documentKey, keepDocument, keptDocument } from "./document-cache.ts";
import { type Fault, PolicyError } from "./fault.ts";
import type { PolicyDocument } from "./policy-document.ts";
import { readPolicyFile, whoMayReplace } from "./read-file.ts";

/** Folders whose documents say themselves whom they are for. */
export interface PolicyFolders {
  /** The user's; `undefined` for a user without a home. */
  readonly user: string | undefined;
  /** The machine's. */
  readonly machine: string;
}

/** Where documents are that nobody names. */
export function policyFolders(): PolicyFolders {
  const user = configDirectory();
  return { user: user === undefined ? undefined : join(user, "policies"), machine: "/etc/cordon/policies" };
}

/**
 * Reads documents: those that are named, and those of the folders. All faults of all of them are told at once.
 *
 * @throws CordonError `policy` for what is wrong with them, `usage` for a file that cannot be read.
 */
export async function loadDocuments(
  files: readonly string[],
  folders: PolicyFolders | undefined,
): Promise<readonly PolicyDocument[]> {
  const found = folders === undefined ? [] : [folders.machine, folders.user ?? folders.machine].flatMap(documentsIn);
  const faults: Fault[] = [];
  const loaded: PolicyDocument[] = [];
  for (const file of new Set([...found, ...files])) {
    const one = await loadDocument(file);
    if ("faults" in one) faults.push(...one.faults);
    else loaded.push(one.document);
  }
  if (faults.length > 0) throw new PolicyError(faults);
  return loaded;
}

/** Reads one document, or what was made of it before. */
export async function loadDocument(
  file: string,
): Promise<{ readonly document: PolicyDocument } | { readonly faults: readonly Fault[] }> {
  const text = readPolicyFile(file);
  const place = { file, folder: dirname(resolve(file)) };
  const key = documentKey(text, place);
  const kept = keptDocument(key);
  if (kept !== undefined) return { document: kept };
  const [{ checkDocument }, { translate }] = await Promise.all([
    import("./check-document.ts"),
    import("./translate.ts"),
  ]);
  const { document: checked, faults } = checkDocument(text, file);
  if (checked === undefined) return { faults };
  const document = translate(checked, place);
  keepDocument(key, document);
  return { document };
}

/** The documents of a folder. Who may remove one takes its denials away, so others than its owner must not. */
function documentsIn(folder: string): readonly string[] {
  const found = namesIn(folder);
  const who = found === undefined ? undefined : whoMayReplace(folder);
  if (who === undefined) return found ?? [];
  const message = `Cannot use the folder of policies ${quoteText(folder)}: ${who.name} may remove what is in it; take that away with chmod ${who.mode}`;
  throw new CordonError("policy", message);
}

/** The paths of the documents; `undefined` where there is no such folder. */
function namesIn(folder: string): readonly string[] | undefined {
  try {
    const names = readdirSync(folder).filter((name) => /\.(?:ya?ml|json)$/iu.test(name) && !name.startsWith("."));
    return names.toSorted().map((name) => join(folder, name));
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const message = `Cannot read the folder of policies ${quoteText(folder)}: ${messageOf(thrown)}`;
    throw new CordonError("policy", message, { cause: thrown });
  }
}
