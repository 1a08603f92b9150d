import type * as Crypto from "node:crypto";
import type * as Dgram from "node:dgram";
import type * as Dns from "node:dns/promises";
import type * as Files from "node:fs/promises";
import type * as Net from "node:net";

/** Node's `node:fs/promises`, which has Node load its line editor as well: loaded by the first that opens a file. */
export function nodeFiles(): typeof Files {
  return process.getBuiltinModule("node:fs/promises");
}

/** Node's `node:net`, loaded by the first guest that needs it. */
export function nodeNet(): typeof Net {
  return process.getBuiltinModule("node:net");
}

/** Node's `node:dgram`, loaded by the first guest that needs it. */
export function nodeDgram(): typeof Dgram {
  return process.getBuiltinModule("node:dgram");
}

/** Node's `node:dns/promises`, loaded by the first guest that needs it. */
export function nodeDns(): typeof Dns {
  return process.getBuiltinModule("node:dns/promises");
}

/** Node's `node:crypto`, a fifth of the time that importing the library would take: loaded by the first use. */
export function nodeCrypto(): typeof Crypto {
  return process.getBuiltinModule("node:crypto");
}
