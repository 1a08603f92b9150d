import type { SeenFile } from "../real-path.ts";
import type { PatternSegment } from "./storage-uri.ts";

/** One rule of which files may be reached. */
export interface StorageRule {
  /** From the root of the file system; links of its literal beginning are resolved. */
  readonly pattern: readonly PatternSegment[];
  /** Bits of `ACCESS`. */
  readonly access: number;
  /** The size no file may be made to pass, in bytes; `undefined` for no bound. */
  readonly maxFileBytes: number | undefined;
  /** Why there is such a rule, for who is denied by it. */
  readonly reason: string | undefined;
  /** As the operator wrote it, for messages. */
  readonly written: string;
}

/** What may be done with which files, by their real paths. A denial wins over every permission. */
export interface StorageRules {
  /** The same for rules with the same content, so that what is made of them can be kept. */
  readonly id: string;
  /** `undefined` where the grant that has these rules says itself what it allows. */
  readonly allow: readonly StorageRule[] | undefined;
  readonly deny: readonly StorageRule[];
  /** Each bounds all that is allowed: it is allowed by a rule of each of them as well, or not at all. */
  readonly fences: readonly (readonly StorageRule[])[];
  /** Paths that a rule denies by a literal path: what they stand for is denied under any name. */
  readonly deniedPaths: readonly DeniedPath[];
}

/** A path that a rule denies without wildcards. */
export interface DeniedPath {
  readonly path: string;
  readonly access: number;
  readonly written: string;
  /** What it stood for when the rules were read: the process of a guest may not see what is there. */
  readonly seen: SeenFile | undefined;
}
