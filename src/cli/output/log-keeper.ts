import type { AccessKeeper } from "./access-log.ts";

/**
 * The log of this user where one is asked for, loaded only then.
 *
 * @throws CordonError `usage` or `host` when it cannot be written.
 */
export async function logKeeper({ auditLog }: { readonly auditLog?: boolean }): Promise<AccessKeeper | undefined> {
  if (auditLog !== true) return undefined;
  const { LogWriter } = await import("../../audit/writing/log-writer.ts");
  return new LogWriter();
}
