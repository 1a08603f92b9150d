import type { StorageRules } from "./storage/storage-rules.ts";

/**
 * What a guest may reach, in the form the checks read. Built by `parse-grants.ts` from what an operator wrote; nothing
 * else constructs it, so a check can rely on every invariant stated here.
 */

/** A folder or file that is granted, with everything below it. */
export interface PathGrant {
  /** Absolute, with symbolic links resolved when the grant was made. */
  readonly root: string;
  /**
   * Absolute and normalised, links not resolved: what the operator named. A guest that names a file below it means the
   * same file below {@link root}. Equal to `root` unless the operator named a symbolic link.
   */
  readonly path: string;
  /** Real paths below {@link root} that the grant leaves out, with everything below them. */
  readonly except: readonly string[];
  /** What is left of it by rules about single files; without them, all of it. */
  readonly rules?: StorageRules;
  /** As the operator wrote it, for messages. */
  readonly written: string;
}

/** A host folder that a WASI guest finds opened under a name of its own. */
export interface Preopen {
  /** The name the guest sees, such as `/` or `data`; never empty, without NUL. */
  readonly guest: string;
  /** Absolute, with symbolic links resolved when the grant was made; a folder. */
  readonly root: string;
  /** Whether files may be written and metadata changed; reading always may. */
  readonly write: boolean;
  /** Whether files, folders and links may be made; only with {@link write}. */
  readonly create: boolean;
  /** Whether they may be removed, and renamed away; only with {@link write}. */
  readonly delete: boolean;
  /** The size no file may be made to pass, in bytes. */
  readonly maxFileBytes: number;
  /** Real paths below {@link root} that may not be written, with everything below them. */
  readonly except: readonly string[];
  /** Real paths of folders below {@link root} that may not be opened at all; left out where there are none. */
  readonly hidden?: readonly string[];
  /** What is left of it by rules about single files; without them, all of it. */
  readonly rules?: StorageRules;
  /** As the operator wrote it, for messages. */
  readonly written: string;
}

/** What a network rule is about. */
export type NetworkTarget =
  /**
   * Exactly this lower-case DNS name without a trailing dot. Reaches public addresses only. The name `localhost` is never
   * looked up and reaches the addresses 127.0.0.0/8 and ::1 only.
   */
  | { readonly kind: "name"; readonly name: string }
  /** Every DNS name that ends in `.` and this suffix, the suffix itself not. Reaches public addresses only. */
  | { readonly kind: "suffix"; readonly suffix: string }
  /** The name `localhost`, never looked up, and the addresses 127.0.0.0/8 and ::1. */
  | { readonly kind: "loopback" }
  /** The addresses of a block, whatever their class; a single address has all its bits as prefix. Canonical form. */
  | { readonly kind: "block"; readonly address: string; readonly prefix: number }
  /** Any name and address, as long as the address is public. */
  | { readonly kind: "public" }
  /** Any name and address, private ones included. */
  | { readonly kind: "any" };

/** Ports from `start` to `end`, both included. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** The protocols a rule can be limited to. HTTP rules say nothing about raw sockets, and socket rules nothing about HTTP. */
export type NetworkScheme = "http" | "https" | "tcp" | "udp";

/** One rule of who may be reached. */
export interface NetworkRule {
  /** The protocols it covers; never empty. */
  readonly schemes: readonly NetworkScheme[];
  readonly target: NetworkTarget;
  /** The ports it covers; `undefined` for the default port of HTTP's scheme, which covers no raw socket. */
  readonly ports: readonly PortRange[] | undefined;
  /** As the operator wrote it, for messages. */
  readonly written: string;
  /** Why there is such a rule, for who is denied by it. */
  readonly reason?: string;
}

/** What a guest may reach over the network. A denial wins over every permission. */
export interface NetworkGrant {
  readonly allow: readonly NetworkRule[];
  readonly deny: readonly NetworkRule[];
  /** Each bounds all that is allowed: it is allowed by a rule of each of them as well, or not at all. */
  readonly fences?: readonly (readonly NetworkRule[])[];
}

/** Where a guest may wait for connections and datagrams: the block must hold the address, `ports` the port. */
export interface ListenRule {
  readonly schemes: readonly ("tcp" | "udp")[];
  readonly address: string;
  readonly prefix: number;
  readonly ports: readonly PortRange[];
  readonly written: string;
}

/** Which names a guest may look up: exact ones, ones below a suffix, or all. */
export interface LookupRule {
  readonly target: Extract<NetworkTarget, { readonly kind: "name" | "suffix" | "any" | "loopback" }>;
  readonly written: string;
}

/** Which programs of the host a guest may start. */
export type ProcessGrant =
  | { readonly kind: "none" }
  /** These, by the absolute real path each name stands for. */
  | { readonly kind: "commands"; readonly commands: readonly { readonly name: string; readonly path: string }[] }
  | { readonly kind: "full" };

/** What a guest sees of time. Nothing can set the host's clocks, and sleeping needs no grant. */
export type ClockGrant = HostClockGrant | VirtualClockGrant;

/** Clocks that go as the host's do. */
export interface HostClockGrant {
  /**
   * `none`: the wall clock starts at 2000-01-01T00:00:00Z with every invocation, and tells only what time went by since.
   * `read`: it tells the host's time. The monotonic clock starts with every invocation in either case.
   */
  readonly kind: "none" | "read";
  /** Readings are rounded down to a multiple of this, in nanoseconds; at least 1. */
  readonly resolutionNs: number;
  /**
   * Each step of the clocks comes late by an amount from 0 up to this that only the host knows, in nanoseconds; at most
   * {@link resolutionNs}. Left out where steps come on time.
   */
  readonly jitterNs?: number;
}

/**
 * Clocks that start at a fixed instant and go by what the guest does alone: by each reading, and by its own sleeps, which end
 * at once.
 */
export interface VirtualClockGrant {
  readonly kind: "virtual";
  /** Readings are rounded down to a multiple of this, in nanoseconds; at least 1. */
  readonly resolutionNs: number;
  /** What each reading takes, in nanoseconds; at least 1. */
  readonly stepNs: number;
  /** Where the wall clock starts, in milliseconds since 1970. */
  readonly startMs: number;
}

/** Where a guest's random bytes come from. */
export type RandomGrant =
  /** Asking for random bytes ends the guest. */
  | { readonly kind: "none" }
  /** A generator that gives the same bytes for the same seed. Not for secrets. */
  | { readonly kind: "pseudo"; readonly seed: bigint }
  /** The host's secure generator. */
  | { readonly kind: "full" };

/** What a custom host function may be used for; the function that the embedder registered reads it. */
export type CustomGrant =
  | {
      readonly kind: "boolean";
      /** Whether it may be used. */
      readonly value: boolean;
    }
  | {
      readonly kind: "numeric";
      /** The least number that is granted. */
      readonly minimum: number;
      /** The greatest that is. */
      readonly maximum: number;
    }
  | {
      readonly kind: "string";
      /** The text that is granted. */
      readonly value: string;
    }
  | {
      readonly kind: "string-list";
      /** The texts that are granted. */
      readonly values: readonly string[];
    };

/** Which requests a secret's value goes into, and as which header. */
export interface SecretRule {
  /** The name the secret was set under. */
  readonly key: string;
  readonly schemes: readonly ("http" | "https")[];
  /** The one name or address, in the form that guests' hosts are compared in. */
  readonly host: string;
  /** `undefined` for the default port of the scheme. */
  readonly port: number | undefined;
  /** In lower case. */
  readonly header: string;
}

/** A secret with its value, which the host alone ever sees. */
export interface HttpSecret extends SecretRule {
  /** Visible ASCII, blanks within included. */
  readonly value: string;
}

/** Everything a guest was granted. The empty form grants nothing. */
export interface Grants {
  /** Absolute, links resolved: the folder that the guest's relative paths start from. Grants nothing by itself. */
  readonly cwd: string;
  /** For the interfaces that take paths: `sandbox:skill` and the `vak` module. */
  readonly filesystemRead: readonly PathGrant[];
  readonly filesystemWrite: readonly PathGrant[];
  /** What may be written below {@link filesystemWrite}. */
  readonly filesystemWriteBounds: {
    /** Whether files may be made. */
    readonly create: boolean;
    /** The size no file may be made to pass, in bytes. */
    readonly maxFileBytes: number;
  };
  /** For `wasi:filesystem`. */
  readonly preopens: readonly Preopen[];
  readonly network: NetworkGrant;
  readonly listen: readonly ListenRule[];
  readonly lookup: readonly LookupRule[];
  /** Exactly the variables the guest sees, allow and deny lists already applied. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** Whether the guest may read the stdin it is given. */
  readonly stdin: boolean;
  readonly process: ProcessGrant;
  readonly clocks: ClockGrant;
  readonly random: RandomGrant;
  /** By name. */
  readonly custom: Readonly<Record<string, CustomGrant>>;
  /** What the host puts into requests that are allowed. Grants nothing by itself. */
  readonly secrets: readonly HttpSecret[];
  /** Variables that a guest gets which asks for one by its name, beside {@link environment}; left out where there are none. */
  readonly environmentByName?: readonly (readonly [name: string, value: string])[];
  /** Why variables are denied that are denied by their names; left out where nothing is said. */
  readonly variableReasons?: readonly (readonly [name: string, reason: string])[];
  /** Whether host functions tell what each access took of the grants. */
  readonly reportsUses?: boolean;
}

/** Grants nothing: the default. */
export const NO_GRANTS: Grants = Object.freeze({
  cwd: "/",
  filesystemRead: Object.freeze([]),
  filesystemWrite: Object.freeze([]),
  filesystemWriteBounds: Object.freeze({ create: false, maxFileBytes: 0 }),
  preopens: Object.freeze([]),
  network: Object.freeze({ allow: Object.freeze([]), deny: Object.freeze([]) }),
  listen: Object.freeze([]),
  lookup: Object.freeze([]),
  environment: Object.freeze([]),
  stdin: false,
  process: Object.freeze({ kind: "none" as const }),
  clocks: Object.freeze({ kind: "none" as const, resolutionNs: 1_000_000 }),
  random: Object.freeze({ kind: "pseudo" as const, seed: 0n }),
  custom: Object.freeze({}),
  secrets: Object.freeze([]),
});
