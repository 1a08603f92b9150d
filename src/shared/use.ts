/** How a guest comes to files: through folders that are opened for it, or by their paths. */
export type FileSurface = "preopen" | "path";

/**
 * What is needed of a path: every access named; that it, or something below it, may be reached (`reach`), it itself (`name`), or read
 * (`list`); that it may be followed where it is a link.
 */
export type FileNeed = "all" | "reach" | "name" | "list" | "follow";

/**
 * What one access takes of the grants, in the terms in which it was checked: so that it can be compared with another policy, or learned.
 * Plain data. Paths are real, absolute and with slashes.
 */
export type Use =
  /** `access` has bits of `ACCESS`. */
  | {
      readonly kind: "file";
      /** How the guest comes to it. */
      readonly surface: FileSurface;
      /** The real path. */
      readonly path: string;
      /** Bits of `ACCESS`. */
      readonly access: number;
      /** What is needed of it. */
      readonly need: FileNeed;
    }
  /** A name is removed, moved or replaced, which no rule may lead through. */
  | {
      readonly kind: "replace";
      /** The real path. */
      readonly path: string;
    }
  /** A file or folder gets another name. */
  | {
      readonly kind: "move";
      /** The path before. */
      readonly from: string;
      /** The path after. */
      readonly to: string;
      /** Whether a whole folder is moved. */
      readonly isFolder: boolean;
    }
  /** Without an address, as far as the text of the URL shows. */
  | {
      readonly kind: "http";
      readonly scheme: "http" | "https";
      /** The host as the URL names it. */
      readonly host: string;
      /** From 0, which is the choice of the system, to 65,535. */
      readonly port: number;
      /** The IP address, in canonical form. */
      readonly address?: string;
    }
  | {
      readonly kind: "socket";
      readonly scheme: "tcp" | "udp";
      /** The IP address, in canonical form. */
      readonly address: string;
      /** From 0, which is the choice of the system, to 65,535. */
      readonly port: number;
      /** What the guest has looked up that led to the address. */
      readonly names: readonly string[];
    }
  | {
      readonly kind: "make-socket";
      readonly scheme: "tcp" | "udp";
    }
  /** `listens`: it waits there for connections. */
  | {
      readonly kind: "bind";
      readonly scheme: "tcp" | "udp";
      /** The IP address, in canonical form. */
      readonly address: string;
      /** From 0, which is the choice of the system, to 65,535. */
      readonly port: number;
      /** Whether it waits there for connections. */
      readonly listens: boolean;
    }
  | {
      readonly kind: "lookup";
      /** The name that is asked for. */
      readonly name: string;
      /** The IP address, in canonical form. */
      readonly address?: string;
    }
  | {
      readonly kind: "variable";
      /** The name that is asked for. */
      readonly name: string;
    }
  | {
      readonly kind: "process";
      /** The program, as the guest names it. */
      readonly command: string;
    }
  | {
      readonly kind: "custom";
      /** The name of the capability. */
      readonly capability: string;
    }
  /** What is given in place of something less, which is no denial. */
  | {
      readonly kind: "given";
      readonly what: "clocks" | "random" | "stdin" | "variables";
    };

/** Uses in the place of some that were too long to be told. */
export const UNTOLD = "untold";
