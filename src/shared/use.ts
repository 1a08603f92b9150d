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
      readonly surface: FileSurface;
      readonly path: string;
      readonly access: number;
      readonly need: FileNeed;
    }
  /** A name is removed, moved or replaced, which no rule may lead through. */
  | { readonly kind: "replace"; readonly path: string }
  /** A file or folder gets another name. */
  | { readonly kind: "move"; readonly from: string; readonly to: string; readonly isFolder: boolean }
  /** Without an address, as far as the text of the URL shows. */
  | {
      readonly kind: "http";
      readonly scheme: "http" | "https";
      readonly host: string;
      readonly port: number;
      readonly address?: string;
    }
  | {
      readonly kind: "socket";
      readonly scheme: "tcp" | "udp";
      readonly address: string;
      readonly port: number;
      readonly names: readonly string[];
    }
  | { readonly kind: "make-socket"; readonly scheme: "tcp" | "udp" }
  /** `listens`: it waits there for connections. */
  | {
      readonly kind: "bind";
      readonly scheme: "tcp" | "udp";
      readonly address: string;
      readonly port: number;
      readonly listens: boolean;
    }
  | { readonly kind: "lookup"; readonly name: string; readonly address?: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "process"; readonly command: string }
  | { readonly kind: "custom"; readonly capability: string }
  /** What is given in place of something less, which is no denial. */
  | { readonly kind: "given"; readonly what: "clocks" | "random" | "stdin" | "variables" };

/** Uses in the place of some that were too long to be told. */
export const UNTOLD = "untold";
