import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { PolicyDiff } from "../diff/diff-policies.ts";
import { readPolicyFile } from "../../../policy/documents/read-file.ts";
import { CordonError } from "../../../shared/errors.ts";
import { privateDirectory } from "../../../shared/machine/private-directory.ts";
import { stateDirectory } from "../../../shared/machine/xdg.ts";
import { quoteText } from "../../../shared/text/quote-text.ts";

/** How many versions are kept at least; twice as many at most. */
const MOST_VERSIONS = 500;

/** How many lines of a difference are kept. */
const MOST_LINES = 100;

/** A version of a policy that was put in force. */
export interface PolicyVersion {
  /** `sha256:` and hex of its canonical JSON. */
  readonly version: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
  /** The name of the component that it was put in force for. */
  readonly component: string;
  /** The user whose process did it, and the process. */
  readonly user: string;
  readonly pid: number;
  /** What led to it: `open`, `setPolicy`, `reload`, `files` or `rollback`. */
  readonly by: string;
  /** Its documents, each with the SHA-256 of its text. */
  readonly documents: readonly { readonly file: string; readonly digest: string }[];
  /** What is allowed by it and was not by the one before, and the reverse; absent for one that nothing was before. */
  readonly gained?: readonly string[];
  readonly lost?: readonly string[];
}

/** What is noted of a version. */
interface Noted {
  readonly version: string;
  readonly component: string;
  readonly by: string;
  readonly files: readonly string[];
  readonly diff?: PolicyDiff | undefined;
}

/** The versions of policies that this user's processes put in force: a file that only grows, and the texts of the documents by their digests. */
export class PolicyHistory {
  readonly #folder: string;

  /** @param folder Default `$XDG_STATE_HOME/cordon`. */
  constructor(folder: string | undefined = stateDirectory()) {
    if (folder === undefined) {
      throw new CordonError("usage", "Cannot note versions of policies: this user has no home directory");
    }
    this.#folder = folder;
  }

  /** Notes a version. What the one before it was is noted once, however often it is opened. */
  note({ version, component, by, files, diff }: Noted): void {
    const usable = privateDirectory(this.#folder);
    if ("problem" in usable) throw new Error(usable.problem);
    mkdirSync(this.#texts, { recursive: true, mode: 0o700 });
    const documents = files.map((file) => this.#keep(resolve(file)));
    const last = this.list().findLast((one) => one.component === component);
    const isKnown = last?.version === version && JSON.stringify(last.documents) === JSON.stringify(documents);
    if (by === "open" && isKnown) return;
    const noted: PolicyVersion = {
      version,
      at: new Date().toISOString(),
      component,
      user: nameOfUser(),
      pid: process.pid,
      by,
      documents,
      ...(diff === undefined ? {} : { gained: cut(diff.gained), lost: cut(diff.lost) }),
    };
    appendFileSync(this.#file, `${JSON.stringify(noted)}\n`, { mode: 0o600 });
    this.#bound();
  }

  /** The versions, the latest last. Lines that say nothing are left out: a process may have been ended in the middle of one. */
  list(): readonly PolicyVersion[] {
    if (!existsSync(this.#file)) return [];
    return readFileSync(this.#file, "utf8")
      .split("\n")
      .flatMap((line) => {
        try {
          return line === "" ? [] : [JSON.parse(line) as PolicyVersion];
        } catch {
          return [];
        }
      });
  }

  /**
   * Puts the documents of a version back in their places, each as a whole.
   *
   * @param asked How the version begins, with or without `sha256:`; without one, the version before the latest.
   * @throws CordonError `usage` for a version that is not there, or not one alone.
   */
  rollBack(asked: string | undefined): PolicyVersion {
    const all = this.list();
    const latest = all.at(-1);
    const found = asked === undefined ? all.findLast((one) => isBefore(one, latest)) : this.#named(all, asked);
    if (found === undefined) {
      throw new CordonError("usage", "Cannot roll back: there is no such version; cordon policy history lists them");
    }
    const texts = found.documents.map(({ file, digest }) => ({ file, text: this.#textOf(file, digest) }));
    for (const { file, text } of texts) replace(file, text);
    this.note({ ...found, by: "rollback", files: found.documents.map(({ file }) => file) });
    return found;
  }

  #named(all: readonly PolicyVersion[], asked: string): PolicyVersion | undefined {
    const start = asked.startsWith("sha256:") ? asked : `sha256:${asked}`;
    const found = all.filter(({ version }) => version.startsWith(start));
    if (new Set(found.map(({ version }) => version)).size > 1) {
      throw new CordonError(
        "usage",
        `Cannot roll back to ${quoteText(asked)}: several versions begin so; write more of it`,
      );
    }
    return found.at(-1);
  }

  #textOf(file: string, digest: string): string {
    try {
      const text = readFileSync(join(this.#texts, digest), "utf8");
      if (digestOf(text) === digest) return text;
    } catch {
      // As one that was changed.
    }
    throw new CordonError("usage", `Cannot roll back: the text that ${quoteText(file)} had is not there any more`);
  }

  #keep(file: string): { readonly file: string; readonly digest: string } {
    const text = readPolicyFile(file);
    const digest = digestOf(text);
    const path = join(this.#texts, digest);
    if (!existsSync(path)) replace(path, text);
    return { file, digest };
  }

  /** Drops the oldest, and the texts that no version has any more. */
  #bound(): void {
    const all = this.list();
    if (all.length <= 2 * MOST_VERSIONS) return;
    const kept = all.slice(-MOST_VERSIONS);
    replace(this.#file, kept.map((one) => `${JSON.stringify(one)}\n`).join(""));
    const used = new Set(kept.flatMap(({ documents }) => documents.map(({ digest }) => digest)));
    for (const name of readdirSync(this.#texts)) if (!used.has(name)) rmSync(join(this.#texts, name), { force: true });
  }

  get #file(): string {
    return join(this.#folder, "policy-history.jsonl");
  }

  get #texts(): string {
    return join(this.#folder, "policy-texts");
  }
}

/** Of the same component and documents, with other texts. */
function isBefore(one: PolicyVersion, latest: PolicyVersion | undefined): boolean {
  return one.component === latest?.component && one.version !== latest.version && one.documents.length > 0;
}

/** Puts a text in the place of a file, as a whole, with the file's own permissions. */
function replace(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const mode = existsSync(path) ? statSync(path).mode & 0o755 : 0o600;
  try {
    writeFileSync(temporary, text, { flag: "wx", mode });
    renameSync(temporary, path);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    throw thrown;
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function cut(lines: readonly string[]): readonly string[] {
  return lines.slice(0, MOST_LINES);
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
