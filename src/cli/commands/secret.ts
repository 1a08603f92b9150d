import { identityFrom, makeOwnIdentity } from "../../secrets/identity.ts";
import { MAX_VALUE_BYTES, type SecretName, SecretStore } from "../../secrets/secret-store.ts";
import { CordonError } from "../../shared/errors.ts";
import { readStdin } from "../flags/component-file.ts";
import { type IdentityFlags, storeFromFlags } from "../flags/secret-options.ts";
import { EXIT } from "../output/exit-codes.ts";
import { fail } from "../output/failure.ts";
import { printJson } from "../output/json-output.ts";
import { table } from "../output/table.ts";
import { neutralisedLine, styled } from "../output/terminal.ts";
import { terminalWidth } from "../output/width.ts";

interface Named {
  readonly component: string;
  readonly json?: boolean;
}

/** The flags of `secret set`, as parsed. */
export interface SecretSetFlags extends Named, IdentityFlags {
  readonly stdin?: boolean;
  readonly insecurePlain?: boolean;
}

/** `cordon secret set NAME --component C --stdin`: keeps a secret for a component. Returns the exit code. */
export async function secretSetCommand(key: string, flags: SecretSetFlags): Promise<number> {
  try {
    if (flags.stdin !== true) {
      const why = "a value among the arguments could be read by other users";
      throw new CordonError("usage", `Cannot set the secret: its value comes by stdin, as ${why}; add --stdin`);
    }
    const name = { component: flags.component, key };
    const bytes = await readStdin("read the secret", { maxBytes: MAX_VALUE_BYTES });
    const source = storeFromFlags(flags) ?? {};
    const identity = flags.insecurePlain === true ? "plain" : (): Promise<string> => identityFrom(source);
    await new SecretStore().set(name, valueIn(bytes), identity);
    if (flags.insecurePlain === true) {
      const warning = "the secret is kept as it is: whoever can read the disk or a backup of it has it";
      process.stderr.write(`${styled("warning", "warning:", process.stderr)} ${warning}\n`);
    }
    return told("Set", name, flags);
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

/** `cordon secret delete NAME --component C`. Returns the exit code. */
export function secretDeleteCommand(key: string, flags: Named): number {
  try {
    const name = { component: flags.component, key };
    new SecretStore().delete(name);
    return told("Deleted", name, flags);
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

/** `cordon secret list`: the names of secrets, never their values. Returns the exit code. */
export function secretListCommand(flags: { readonly component?: string; readonly json?: boolean }): number {
  try {
    const all = new SecretStore().list();
    const secrets = all.filter(({ component }) => flags.component === undefined || component === flags.component);
    if (flags.json === true) printJson({ status: "ok", secrets }, process.stdout);
    else if (secrets.length === 0) process.stdout.write("There are no secrets; set one with cordon secret set\n");
    else {
      const rows = secrets.map(({ component, key, plain }) => [
        neutralisedLine(component),
        key,
        plain ? "plain" : "age",
      ]);
      const lines = table([["COMPONENT", "NAME", "KEPT AS"], ...rows], { width: terminalWidth(process.stdout) });
      process.stdout.write(`${lines.join("\n")}\n`);
    }
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, flags.json);
  }
}

/** `cordon secret keygen`: makes the identity that secrets are encrypted for. Returns the exit code. */
export async function secretKeygenCommand({ json }: { readonly json?: boolean }): Promise<number> {
  try {
    const path = await makeOwnIdentity();
    if (json === true) printJson({ status: "ok", identity: path }, process.stdout);
    else process.stdout.write(`The identity is in ${neutralisedLine(path)}; keep a copy elsewhere\n`);
    return EXIT.done;
  } catch (thrown) {
    return fail(thrown, json);
  }
}

function told(done: string, { component, key }: SecretName, { json }: Named): number {
  if (json === true) printJson({ status: "ok", secret: { component, key } }, process.stdout);
  else process.stdout.write(`${done} ${key} for ${neutralisedLine(component)}\n`);
  return EXIT.done;
}

/** The line feed is the shell's, not the secret's. */
function valueIn(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/u, "");
  } catch {
    throw new CordonError("usage", "Cannot set the secret: its value is no UTF-8 text");
  }
}
