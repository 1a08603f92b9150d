import { realpathSync } from "node:fs";
import { relative, sep } from "node:path";

/**
 * The grant, as it was written, that lets the guest write the audit file itself; `undefined` when none does. Both have to
 * exist.
 */
export function grantOverAuditFile(auditFile: string, writable: readonly string[]): string | undefined {
  const real = realpathSync(auditFile);
  return writable.find((granted) => {
    const below = relative(realpathSync(granted), real);
    return below !== ".." && !below.startsWith(`..${sep}`);
  });
}
