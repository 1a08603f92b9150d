import type { PermissionsShape } from "../policy/documents/policy-shape.ts";

type Optional<T> = T | null | undefined;

/** One entry of `exports`. */
export interface ExportShape {
  readonly name: string;
  readonly description?: Optional<string>;
  readonly input_schema?: unknown;
  readonly output_schema?: unknown;
}

/** A manifest that the schema takes. */
export interface ManifestShape {
  readonly $schema?: string | undefined;
  readonly name: string;
  readonly version: string;
  readonly description?: Optional<string>;
  readonly author?: Optional<string>;
  readonly license?: Optional<string>;
  readonly module: string;
  readonly digest?: Optional<string>;
  readonly capabilities?: Optional<readonly (string | PermissionsShape)[]>;
  readonly limits?: Optional<Readonly<Record<string, number | undefined>>>;
  readonly exports?: Optional<readonly ExportShape[]>;
  readonly signature?: Optional<readonly { readonly key: string; readonly value: string }[]>;
}
