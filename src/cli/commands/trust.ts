import { keyIdOf } from "../../signing/ed25519.ts";
import type { PublisherLevel } from "../../shared/publisher-level.ts";
import { readPublicKey } from "../../signing/key-files.ts";
import { TrustStore } from "../../signing/trust-store.ts";
import { assertKeyName, dateText, instant, type TrustedKey } from "../../signing/trusted-key.ts";
import { CordonError } from "../../shared/errors.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { printJson } from "../output/json-output.ts";
import { table } from "../output/table.ts";
import { neutralisedLine } from "../output/terminal.ts";
import { terminalWidth } from "../output/width.ts";

/** The flags of `trust add`, as parsed. */
export interface TrustAddFlags {
  readonly level: PublisherLevel;
  readonly from?: string;
  readonly until?: string;
  readonly json?: boolean;
}

/** `cordon trust add NAME FILE`: has signatures of a key count, under a name. Returns the exit code. */
export function trustAddCommand(name: string, file: string, flags: TrustAddFlags): number {
  return telling("Trusted", flags, () => {
    assertKeyName(name);
    const [from, until] = [flags.from, flags.until].map((date) => (date === undefined ? undefined : instant(date)));
    if (from !== undefined && until !== undefined && from >= until) {
      throw new CordonError("usage", "Cannot trust the key: --from is not before --until");
    }
    const key = { name, publicKey: readPublicKey(file), level: flags.level, from, until, revoked: undefined };
    new TrustStore().add(key);
    return key;
  });
}

/** `cordon trust remove NAME`: forgets a key. Returns the exit code. */
export function trustRemoveCommand(name: string, flags: { readonly json?: boolean }): number {
  return telling("Removed", flags, () => {
    const store = new TrustStore();
    const key = store.list().find((one) => one.name === name);
    store.remove(name);
    return key;
  });
}

/** `cordon trust revoke NAME`: has a key count for nothing any more. Returns the exit code. */
export function trustRevokeCommand(name: string, flags: { readonly reason?: string; readonly json?: boolean }): number {
  return telling("Revoked", flags, () => new TrustStore().revoke(name, flags.reason));
}

/** `cordon trust list`: shows the keys that are trusted, or were. Returns the exit code. */
export function trustListCommand({ json }: { readonly json?: boolean }): number {
  try {
    const keys = new TrustStore().list().map(keyDocument);
    if (json === true) {
      printJson({ status: "ok", keys }, process.stdout);
      return EXIT.done;
    }
    const rows = keys.map((key) => [key.name, key.level, key.keyId, validity(key)]);
    const lines = table([["NAME", "LEVEL", "KEY", "VALID"], ...rows], { width: terminalWidth(process.stdout) });
    process.stdout.write(
      keys.length === 0 ? "No key is trusted; add one with cordon trust add\n" : `${lines.join("\n")}\n`,
    );
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

function telling(done: string, { json }: { readonly json?: boolean }, change: () => TrustedKey | undefined): number {
  try {
    const key = change();
    const document = key === undefined ? undefined : keyDocument(key);
    if (json === true) printJson({ status: "ok", key: document }, process.stdout);
    else
      process.stdout.write(
        `${done} ${document?.name ?? ""} (${document?.level ?? ""}, key ${document?.keyId ?? ""})\n`,
      );
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

interface KeyDocument {
  readonly name: string;
  readonly keyId: string;
  readonly publicKey: string;
  readonly level: string;
  readonly from?: string;
  readonly until?: string;
  readonly revoked?: { readonly at: string; readonly reason?: string };
}

function keyDocument({ name, publicKey, level, from, until, revoked }: TrustedKey): KeyDocument {
  return {
    name,
    keyId: Buffer.from(keyIdOf(publicKey)).toString("hex"),
    publicKey: Buffer.from(publicKey).toString("base64"),
    level,
    ...(from === undefined ? {} : { from: dateText(from) }),
    ...(until === undefined ? {} : { until: dateText(until) }),
    ...(revoked === undefined
      ? {}
      : { revoked: { at: dateText(revoked.at), ...(revoked.reason === undefined ? {} : { reason: revoked.reason }) } }),
  };
}

function validity({ from, until, revoked }: KeyDocument): string {
  if (revoked !== undefined) {
    const reason = revoked.reason === undefined ? "" : `: ${neutralisedLine(revoked.reason)}`;
    return `revoked ${revoked.at}${reason}`;
  }
  return (
    [from === undefined ? "" : `from ${from}`, until === undefined ? "" : `until ${until}`]
      .filter((part) => part !== "")
      .join(" ") || "always"
  );
}
