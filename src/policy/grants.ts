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
  /** As the operator wrote it, for messages. */
  readonly written: string;
}

/** One host that may be reached. */
export interface HostGrant {
  /**
   * `name`: exactly this lower-case DNS name without a trailing dot, resolved to public addresses only.
   * `loopback`: the name `localhost`, which stands for 127.0.0.0/8 and ::1 and is never looked up.
   * `address`: exactly this IP address in canonical form, whatever its class.
   */
  readonly kind: "name" | "loopback" | "address";
  readonly host: string;
  /** The port; absent, it is the default port of the URL's scheme (80 or 443). */
  readonly port?: number;
  /** As the operator wrote it, for messages. */
  readonly written: string;
}

/** What the network grant covers. */
export interface NetworkGrant {
  /** Any host, any port, public addresses only. */
  readonly public: boolean;
  readonly hosts: readonly HostGrant[];
}

/** Everything a guest was granted. The empty form grants nothing. */
export interface Grants {
  /** Absolute, links resolved: the folder that the guest's relative paths start from. Grants nothing by itself. */
  readonly cwd: string;
  readonly filesystemRead: readonly PathGrant[];
  readonly filesystemWrite: readonly PathGrant[];
  readonly network: NetworkGrant;
}

/** Grants nothing: the default. */
export const NO_GRANTS: Grants = Object.freeze({
  cwd: "/",
  filesystemRead: Object.freeze([]),
  filesystemWrite: Object.freeze([]),
  network: Object.freeze({ public: false, hosts: Object.freeze([]) }),
});
