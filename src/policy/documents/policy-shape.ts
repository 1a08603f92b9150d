import type { PublisherLevel } from "../../shared/publisher-level.ts";
import type { SecretInput } from "../parsing/parse-secrets.ts";

/** What an optional key holds: YAML leaves the value out where a key is written with nothing behind it. */
type Optional<T> = T | null | undefined;

/** `storage` of a document. */
export interface StorageEntry {
  readonly uri: string;
  readonly access?: Optional<readonly string[]>;
  readonly guest?: string | undefined;
  readonly opens?: string | undefined;
  readonly maxFileBytes?: number | undefined;
  readonly reason?: string | undefined;
}

interface Reach {
  readonly port?: number | string | readonly (number | string)[] | undefined;
  readonly protocol?: string | undefined;
  readonly reason?: string | undefined;
}

/** One entry of `network`. */
export type NetworkEntry = (Reach & { readonly host: string }) | (Reach & { readonly cidr: string });

/** One variable. */
export interface EnvironmentEntry {
  readonly key: string;
  readonly value?: string | undefined;
  readonly reason?: string | undefined;
}

interface Lists<T> {
  readonly allow?: Optional<readonly T[]>;
  readonly deny?: Optional<readonly T[]>;
}

/** What is under `permissions`. */
export interface PermissionsShape {
  readonly storage?: Optional<Lists<StorageEntry>>;
  readonly network?: Optional<Lists<NetworkEntry>>;
  readonly environment?: Optional<Lists<EnvironmentEntry>>;
  readonly resources?: Optional<{
    readonly limits?: Optional<{
      readonly cpu?: Optional<string | number>;
      readonly memory?: Optional<string | number>;
    }>;
    readonly cpu?: Optional<number>;
    readonly memory?: Optional<number>;
    readonly io?: unknown;
  }>;
  readonly ipc?: Optional<Lists<unknown>>;
  readonly runtime?: Optional<Readonly<Record<string, unknown>>>;
  readonly listen?: Optional<readonly string[]>;
  readonly lookup?: Optional<string | readonly string[]>;
  readonly process?: Optional<string | readonly string[]>;
  readonly stdin?: Optional<boolean>;
  readonly clocks?: unknown;
  readonly random?: unknown;
  readonly custom?: unknown;
}

/** Who has to have signed the component. */
export interface SignatureEntry {
  readonly require: "none" | "any" | readonly string[];
  readonly threshold?: number | undefined;
  readonly level?: PublisherLevel | undefined;
}

/** How often something may happen, each `N per second` or `N per minute`. */
export interface RatesEntry {
  readonly calls?: Optional<string | readonly string[]>;
  readonly denials?: Optional<string | readonly string[]>;
}

/** What is recorded, and where. */
export interface AuditEntry {
  readonly file: string;
  readonly level?: "denials" | "decisions" | undefined;
}

/** Limits by name, and a profile. */
export type LimitsShape = Readonly<Record<string, unknown>>;

/** A document that the schema takes. */
export interface PolicyShape {
  readonly $schema?: string | undefined;
  readonly version: string;
  readonly description?: Optional<string>;
  readonly match?:
    | {
        readonly name?: string | readonly string[] | undefined;
        readonly digest?: string | readonly string[] | undefined;
        readonly signer?: string | readonly string[] | undefined;
      }
    | undefined;
  readonly permissions?: Optional<PermissionsShape>;
  readonly limits?: Optional<LimitsShape>;
  readonly isolation?: "thread" | "process" | "auto" | undefined;
  readonly reload?: "narrow-only" | undefined;
  readonly signature?: SignatureEntry | undefined;
  readonly secrets?: Optional<readonly SecretInput[]>;
  readonly enforce?: "deny" | "log" | undefined;
  readonly rates?: Optional<RatesEntry>;
  readonly audit?: Optional<AuditEntry>;
  readonly fence?:
    | { readonly permissions?: Optional<PermissionsShape>; readonly limits?: Optional<LimitsShape> }
    | undefined;
}
