import type { DocumentPlace } from "../../policy/documents/translate.ts";
import type { Fault } from "../../policy/documents/fault.ts";
import type { Manifest } from "../manifest.ts";

/** Which schema of an export a value is held against. */
export type SchemaSide = "input" | "output";

/** What the thread of a manifest is asked: to read it, once, and then to check values. */
export type ManifestRequest =
  | { readonly type: "read"; readonly text: string; readonly place: DocumentPlace }
  | { readonly type: "check"; readonly export: number; readonly side: SchemaSide; readonly json: string };

/** What it answers, one answer to each request, in their order. */
export type ManifestAnswer =
  | { readonly type: "manifest"; readonly manifest: Manifest }
  | { readonly type: "faults"; readonly faults: readonly Fault[] }
  | { readonly type: "checked"; readonly problem: string | undefined }
  | { readonly type: "failed"; readonly message: string };
