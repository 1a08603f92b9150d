import { createHash } from "node:crypto";

/** SHA-256 of a component's bytes, as `sha256:` and 64 hex digits. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
