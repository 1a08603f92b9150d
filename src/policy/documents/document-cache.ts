import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { privateDirectory } from "../../shared/machine/private-directory.ts";
import { cacheDirectory } from "../../shared/machine/xdg.ts";
import type { DocumentPlace } from "./translate.ts";
import type { PolicyDocument } from "./policy-document.ts";

/** The form of kept documents and the meaning of what they are made from; raise it when either changes. */
const FORMAT = 3;

/** How many are kept. */
const MAX_KEPT = 256;
const ENTRY = /^[0-9a-f]{64}\.json$/u;

/** The key of a document: everything that decides what is made of its text. */
export function documentKey(text: string, { file, folder }: DocumentPlace): string {
  return createHash("sha256")
    .update(JSON.stringify([FORMAT, file, folder, text]))
    .digest("hex");
}

/**
 * What was made of a text before, so that neither the parser nor the schema is loaded. The folder is used only when nobody but this user
 * and root can write to it or put another in its place.
 */
export function keptDocument(key: string): PolicyDocument | undefined {
  const folder = usable();
  if (folder === undefined) return undefined;
  let fd: number | undefined;
  try {
    fd = openSync(pathOf(folder, key), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const { uid, mode } = fstatSync(fd);
    if ((process.getuid !== undefined && uid !== process.getuid()) || (mode & 0o022) !== 0) return undefined;
    const entry = JSON.parse(readFileSync(fd, "utf8")) as { readonly key: unknown; readonly document: PolicyDocument };
    return entry.key === key ? entry.document : undefined;
  } catch {
    // Absent, damaged or unreadable: all the same, it is made again.
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Keeps what was made of a text. Where it cannot, the next run takes longer. */
export function keepDocument(key: string, document: PolicyDocument): void {
  const folder = usable();
  if (folder === undefined) return;
  const temporary = join(folder, `.${key}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const entries = readdirSync(folder).filter((name) => ENTRY.test(name));
    for (const name of entries.slice(0, Math.max(0, entries.length - MAX_KEPT + 1))) rmSync(join(folder, name));
    writeFileSync(temporary, JSON.stringify({ key, document }), { mode: 0o600, flag: "wx" });
    renameSync(temporary, pathOf(folder, key));
  } catch {
    rmSync(temporary, { force: true });
  }
}

function pathOf(folder: string, key: string): string {
  return join(folder, `${key}.json`);
}

function usable(): string | undefined {
  const cache = cacheDirectory();
  const found = cache === undefined ? undefined : privateDirectory(join(cache, "policies"));
  return found !== undefined && "path" in found ? found.path : undefined;
}
